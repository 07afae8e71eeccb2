"""The admin as workbench: one module per page; ``pages`` lists them, ``page`` says what one is."""
