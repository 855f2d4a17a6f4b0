/** Requests to the server: JSON, files, streams, and its token. */

const BASE = "/api/v1";
const KEY = "motiongpt-token";

/** An error response of the server; its message is a sentence for people. */
export class ApiError extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

let askForToken = async () => null;

/** @param {() => Promise<string|null>} ask called when the server needs a token. */
export function onUnauthorized(ask) {
  askForToken = ask;
}

// The address may contain the token, /#token=...; remove it from there.
const provided = new URLSearchParams(location.hash.slice(1)).get("token");
if (provided) {
  sessionStorage.setItem(KEY, provided);
  history.replaceState(null, "", location.pathname + location.search);
}

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${BASE}/${path}`, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached; is it still running?", "unreachable", 0);
  }
  if (answer.status === 401) {
    const given = await askForToken();
    if (given) {
      sessionStorage.setItem(KEY, given);
      return ask(path, options);
    }
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  let message = `The server answered with ${answer.status}.`;
  let code = "error";
  try {
    ({ message, code } = (await answer.json()).error);
  } catch {
    // The response is not from our server, but from a proxy, for example.
  }
  const wait = answer.headers.get("Retry-After");
  if (wait && (answer.status === 429 || answer.status === 503)) message += ` Try again in ${wait} s.`;
  return new ApiError(message, code, answer.status);
}

/** GET JSON. */
export async function get(path) {
  return (await ask(path)).json();
}

/** POST an object, or a form with files, and receive JSON. */
export async function post(path, content, signal) {
  const form = content instanceof FormData;
  const headers = form ? {} : { "Content-Type": "application/json" };
  const body = form ? content : JSON.stringify(content);
  return (await ask(path, { method: "POST", headers, body, signal })).json();
}

/** POST an object and call `receive(name, data)` for each server-sent event. */
export async function stream(path, content, receive, signal) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(content), signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new ApiError("The connection broke before the answer was complete.", "broken", 0);
    });
    if (done) return;
    const parts = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      let name = "message";
      const data = [];
      for (const line of part.split("\n")) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
      }
      if (data.length) receive(name, JSON.parse(data.join("\n")));
    }
  }
}

/** Fetch a file and save it as a download. */
export async function download(path, name) {
  const blob = await (await ask(path)).blob();
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
