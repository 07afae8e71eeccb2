/** The server closed the connection and does not want to be asked again, or it cannot be asked at all. */
export class ConnectionRefused extends Error {
  name = "ConnectionRefused";

  /** @param {string} message @param {number|null} [code] the close code, if a server sent one */
  constructor(message, code = null) {
    super(message);
    this.code = code;
  }
}
