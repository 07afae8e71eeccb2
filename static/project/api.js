/** The server refused a request, or did not answer it. */
export class ApiError extends Error {
  name = "ApiError";

  /** @param {number} status 0: there was no answer @param {string} message for people @param {object} [fields] */
  constructor(status, message, fields = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

/**
 * Send JSON to the server that the page came from, as the person who looks at it.
 *
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @returns {Promise<any>} the answer's body, or null when it has none
 * @throws {ApiError}
 */
export async function send(method, url, body) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError(0, "No answer from the server. Whether it was saved will show here.");
  }
  const answer = await json(response);
  if (response.ok) return answer;
  throw new ApiError(response.status, explained(response, answer), answer?.fields);
}

/** The cookie is always the current one; a page opened before somebody logged in holds an old token. */
function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return cookie?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    return null; // an empty or foreign body; the status says what happened
  }
}

function explained(response, answer) {
  const fields = Object.entries(answer?.fields ?? {}).map(([name, problems]) => `${name}: ${problems.join(", ")}`);
  if (fields.length > 0) return fields.join(" · ");
  return answer?.error ?? answer?.detail ?? `The server answered ${response.status} ${response.statusText}`.trim();
}
