/** A request as code: for a shell, Python and JavaScript. */

/** @typedef {{method: string, url: string, headers: [string, string][], body: string | null}} Wanted */

export const LANGUAGES = { curl, Python: python, JavaScript: javascript };

const shell = (text) => (/^[\w./:=@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** @param {Wanted} wanted */
function curl({ method, url, headers, body }) {
  const parts = [`curl${method === "GET" ? "" : ` -X ${method}`} ${shell(url)}`];
  for (const [name, value] of headers) parts.push(`-H ${shell(`${name}: ${value}`)}`);
  if (body !== null) parts.push(`--data-binary ${shell(body)}`);
  return parts.join(" \\\n  ");
}

/** @param {Wanted} wanted */
function python({ method, url, headers, body }) {
  const parts = [quoted(method), quoted(url)];
  const value = parsed(headers, body);
  const shown = headers.filter(([name]) => value === undefined || name.toLowerCase() !== "content-type");
  if (shown.length) parts.push(`headers={${shown.map(([name, text]) => `${quoted(name)}: ${quoted(text)}`).join(", ")}}`);
  if (body !== null) parts.push(value === undefined ? `data=${quoted(body)}.encode()` : `json=${literal(value)}`);
  return `import requests\n\nresponse = requests.request(\n    ${parts.join(",\n    ")},\n)\nprint(response.status_code, response.text)`;
}

/** @param {Wanted} wanted */
function javascript({ method, url, headers, body }) {
  const parts = [`method: ${quoted(method)}`];
  if (headers.length) parts.push(`headers: ${JSON.stringify(Object.fromEntries(headers))}`);
  const value = parsed(headers, body);
  if (body !== null) parts.push(`body: ${value === undefined ? quoted(body) : `JSON.stringify(${JSON.stringify(value)})`}`);
  return `const response = await fetch(${quoted(url)}, {\n  ${parts.join(",\n  ")},\n});\nconsole.log(response.status, await response.text());`;
}

const quoted = (text) => JSON.stringify(text);

/** The value of a JSON body; undefined: it is no JSON. */
function parsed(headers, body) {
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  if (body === null || !type.includes("json")) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A value as Python writes it. */
export function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, item]) => `${quoted(name)}: ${literal(item)}`).join(", ")}}`;
}
