/** Close code: the token is no longer good. */
export const EXPIRED = 4401;

/** The server asked to stay away (`code`: how it closed), or it cannot be asked at all. */
export class ConnectionRefused extends Error {
  name = "ConnectionRefused";

  constructor(message, code = null) {
    super(message);
    this.code = code;
  }
}
