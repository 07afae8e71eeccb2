"""Documents that several people write at once: workspaces with members, who is there, where they are, and news."""
