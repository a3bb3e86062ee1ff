// The server's events, dispatched on the document: huying:request, huying:alarm,
// huying:conversation, huying:task, huying:looking, with the server's JSON as `detail`; and
// huying:hello after a reconnection, when every part should be read again.
// Browsers allow six connections to one server, so of all open pages one holds the connection and
// passes the events on, where the browser has locks (HTTPS or localhost).

const KINDS = ["hello", "request", "alarm", "conversation", "task", "looking"];
const RETRY_MS = 10_000;

interface LiveEvent {
  kind: string;
  data: unknown;
}

const others = "BroadcastChannel" in window ? new BroadcastChannel("huying-live") : null;
let cutOff = false;
let listens = false;

/** Show whether the connection is up. */
function showConnection(on: boolean): void {
  document.body.classList.toggle("cut-off", !on);
  document.body.dataset["live"] = on ? "yes" : "no";
}

function tellConnection(on: boolean): void {
  showConnection(on);
  others?.postMessage({ kind: "standing", data: on });
}

function dispatch({ kind, data }: LiveEvent): void {
  document.dispatchEvent(new CustomEvent(`huying:${kind}`, { detail: data }));
}

function heard(told: LiveEvent): void {
  dispatch(told);
  others?.postMessage(told);
}

function signedOut(): void {
  location.reload();
}

function connect(): void {
  listens = true;
  const source = new EventSource("/desk/events");
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      if (kind === "hello") tellConnection(true);
      if (kind !== "hello" || cutOff) heard({ kind, data: JSON.parse((event as MessageEvent<string>).data) });
      cutOff = false;
    });
  }
  source.addEventListener("bye", () => {
    source.close();
    others?.postMessage({ kind: "bye", data: {} });
    signedOut();
  });
  source.addEventListener("error", () => {
    cutOff = true;
    tellConnection(false);
    if (source.readyState === EventSource.CLOSED) window.setTimeout(connect, RETRY_MS);
  });
  window.addEventListener("pagehide", () => source.close());
}

others?.addEventListener("message", (event: MessageEvent<LiveEvent>) => {
  const { kind, data } = event.data;
  if (kind === "bye") signedOut();
  else if (kind === "asks") listens && others.postMessage({ kind: "standing", data: document.body.dataset["live"] === "yes" });
  else if (kind === "standing") showConnection(data === true);
  else dispatch(event.data);
});

others?.postMessage({ kind: "asks", data: null });

if (document.body.dataset["me"] && document.body.dataset["role"] !== "station") {
  if (others && navigator.locks) {
    void navigator.locks.request("huying-live", () => {
      connect();
      return new Promise(() => undefined); // holds the lock until the page is closed
    });
  } else connect();
}
