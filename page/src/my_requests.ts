// The list "What I asked for": the last five requests, with three faces to rate finished ones.

import { ask } from "./net";
import { make, show } from "./screen";
import { readStatus, sentenceWithoutNumber, type Status } from "./status";
import { element, language, say } from "./words";

const LAST = 5;
const FACES: Array<[number, string, string]> = [
  [5, "good", "M8 15q4 5 8 0"],
  [3, "fair", "M8 16h8"],
  [1, "bad", "M8 18q4-5 8 0"],
];
const SVG = "http://www.w3.org/2000/svg";

/** Fill the list for these status keys, the newest first; leave out what can't be read. */
export async function showMyRequests(keys: string[]): Promise<void> {
  const rows = await Promise.all(
    keys.slice(0, LAST).map((key) =>
      readStatus(key).then(
        (status) => row(key, status),
        () => null,
      ),
    ),
  );
  const found = rows.filter((r) => r !== null) as HTMLElement[];
  if (!found.length) return; // offline: the list stays as it is
  place(element("list"), found);
  show("mine");
}

/** Replace only rows that changed, and keep the focus in them: somebody may be using one. */
function place(list: HTMLElement, rows: HTMLElement[]): void {
  const active = document.activeElement;
  const old = Array.from(list.children) as HTMLElement[];
  rows.forEach((fresh, at) => {
    const before = old.filter((o) => o.getAttribute("data-key") === fresh.getAttribute("data-key"))[0];
    let standing = before || fresh;
    if (before && before.getAttribute("data-news") !== fresh.getAttribute("data-news")) {
      const focused = Array.from(before.querySelectorAll("button")).indexOf(active as never);
      list.replaceChild(fresh, before);
      const again = fresh.querySelectorAll("button")[focused];
      if (again) again.focus();
      standing = fresh;
    }
    if (list.children[at] !== standing) list.insertBefore(standing, list.children[at] || null);
  });
  while (list.children.length > rows.length) list.removeChild(list.lastChild as Node);
}

function row(key: string, status: Status): HTMLElement {
  const item = make("li", "");
  item.setAttribute("data-key", key);
  item.setAttribute("data-news", JSON.stringify(status));
  const what = status.understood ? status.understood.category : say("some_request");
  item.appendChild(make("h3", what));
  item.appendChild(make("p", sentenceWithoutNumber(status)));
  const day = new Date(status.received_at).toLocaleString(language, {
    month: "long",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  item.appendChild(make("p", say("listed", { number: status.tracking_number, day }), "small"));
  if (status.may_rate) item.appendChild(faces(key, status));
  return item;
}

function faces(key: string, status: Status): HTMLElement {
  const group = make("div", "", "faces");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", say("rate"));
  const thanks = make("p", status.rating === null ? say("rate") : say("rated"), "small");
  thanks.setAttribute("role", "status");
  for (const [value, name, mouth] of FACES) {
    const button = make("button", "");
    button.type = "button";
    button.appendChild(face(mouth));
    button.appendChild(make("span", say(`face_${name}`)));
    button.setAttribute("aria-pressed", String(status.rating === value));
    button.onclick = () => {
      for (const other of Array.from(group.querySelectorAll("button"))) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      ask(`/api/s/${key}/rating`, { value }).then(
        () => (thanks.textContent = say("rated")),
        () => (thanks.textContent = say("not_rated")),
      );
    };
    group.appendChild(button);
  }
  const all = make("div", "");
  all.appendChild(thanks);
  all.appendChild(group);
  return all;
}

function face(mouth: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ["M12 2a10 10 0 1 0 .01 0z", "M8.5 9v.5", "M15.5 9v.5", mouth]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.appendChild(path);
  }
  return svg;
}
