// Saves a request and its actions: one at a time, with the version that was seen.

import { ask } from "../dialog";
import { rememberAction, type Undo } from "../last_action";
import { type Fields, getJson, type RequestState } from "../fields";
import { Refused, why as refusal, write } from "../net";
import { say, tell } from "../words";

interface Current {
  version: number;
  status: string;
  tracking_number: string;
  events: { who: string | null; kind: string; version: number; changes: Record<string, unknown> | null }[];
}

export class RequestWriter {
  readonly url: string;
  private busy = false;
  private leaving = false;
  private previous: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly place: HTMLElement,
    readonly state: RequestState,
    readonly fields: Fields,
  ) {
    this.url = `/api/requests/${state.number}`;
  }

  status(name: string): string {
    return this.state.statuses[name] ?? name;
  }

  may(what: string): boolean {
    return this.state.may.includes(what);
  }

  /**
   * Do `work` after earlier work; resolves with the reason why it failed, or "". After a 412 the
   * page reloads with what a colleague saved, and keeps what was typed.
   */
  private attempt(work: () => Promise<void>): Promise<string> {
    const mine = this.previous.then(() => (this.leaving ? "" : this.run(work)));
    this.previous = mine;
    return mine;
  }

  private async run(work: () => Promise<void>): Promise<string> {
    this.busy = true;
    this.place.setAttribute("aria-busy", "true");
    let wrong = "";
    try {
      await work();
    } catch (error) {
      if (error instanceof Refused && error.status === 412) {
        this.finish(this.whoChanged(error.body["current"] as Current));
        location.reload();
      } else wrong = error instanceof Refused ? say("not_saved", { why: refusal(error) }) : say("offline");
    }
    this.busy = this.leaving;
    this.place.removeAttribute("aria-busy");
    return wrong;
  }

  /** Do `work` and show its error, if any. */
  async do(work: () => Promise<void>): Promise<void> {
    const wrong = await this.attempt(work);
    if (wrong) tell(wrong, true);
  }

  /** Open a dialog and do `work`; after an error the dialog opens again, with the reason and all that
   *  was typed. */
  async askAndDo(
    id: string,
    work: (form: FormData) => Promise<void>,
    prepare?: (form: HTMLFormElement) => void,
  ): Promise<void> {
    for (let wrong = ""; !this.leaving; ) {
      const form = await ask(id, prepare, wrong);
      if (!form) return;
      wrong = await this.attempt(() => work(form));
      if (!wrong) return;
    }
  }

  private whoChanged(current: Current): string {
    const news = current.events.filter((event) => event.version > this.state.version);
    const who = [...new Set(news.map((event) => event.who ?? "–"))].join(", ");
    return say("changed", { who, status: this.status(current.status) });
  }

  async save(): Promise<void> {
    await this.fields.settle();
    const changes = this.fields.changes();
    if (!Object.keys(changes).length) return;
    const saved = await write<Current>("PATCH", this.url, changes, this.state.version);
    this.state.version = saved.version;
    this.fields.forget();
  }

  async post(action: string, body: object): Promise<Current> {
    const now = await write<Current>("POST", `${this.url}/${action}`, body, this.state.version);
    this.state.version = now.version;
    return now;
  }

  /** Update notes and history without losing what plays and what is typed. */
  async redraw(): Promise<void> {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["notes", "history"]) {
      const part = fresh.getElementById(id);
      const own = document.getElementById(id);
      if (!part || !own) continue;
      if (own instanceof HTMLDetailsElement) (part as HTMLDetailsElement).open = own.open;
      const here = own.contains(document.activeElement);
      own.replaceWith(part);
      if (here) part.querySelector("summary")?.focus();
    }
  }

  /** Set the message for the next page; nothing else is done on this one. */
  finish(told: string, action?: Undo["action"], from: string[] = []): void {
    this.leaving = true;
    const undo = action && { number: this.state.number, action, status: from, names: this.state.statuses };
    rememberAction({ text: told, undo });
  }

  next(): void {
    location.assign(`/desk/next?after=${encodeURIComponent(this.state.number)}`);
  }

  /** Do an action without a question; the page reloads and shows what was done. */
  async doAtOnce(action: string, becomes: string, from: string[] = []): Promise<void> {
    await this.save();
    await this.post(action, action === "hold" ? { until: null } : {});
    this.finish(say("did", { what: becomes, number: this.state.number }), from.length ? "reopen" : undefined, from);
    location.reload();
  }

  /** A colleague changed the request: say so, with a button to load it. */
  async showNews(event: Event): Promise<void> {
    const about = (event as CustomEvent<{ number?: string }>).detail?.number;
    if (this.busy || (event.type === "huying:request" && about !== this.state.number)) return;
    const now = await getJson<Current>(this.url, {});
    const bar_ = document.getElementById("changed");
    if (now.version <= this.state.version || this.busy || !bar_) return;
    bar_.textContent = `${this.whoChanged(now)} `;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset["do"] = "load";
    button.textContent = say("load");
    const cap = document.createElement("kbd");
    cap.textContent = "l";
    button.append(" ", cap);
    bar_.append(button);
    bar_.hidden = false;
  }
}
