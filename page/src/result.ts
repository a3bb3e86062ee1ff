// After her words have arrived: the number, what was understood, right or not right, danger.

import { keyOf, type Receipt } from "./deliver";
import { ask, Refused } from "./net";
import { aboveFooter, focusOn, show, write } from "./screen";
import { follow, withoutNumber, type Status } from "./status";
import { speak, type Said } from "./voice";
import { element, say } from "./words";

const ASK_AGAIN = [1, 2, 5, 10, 20]; // seconds until an answer of hers is sent once more

const DANGER_MS = 600_000; // so long the numbers to ring stay, and a request is watched for danger

let stop: () => void = () => undefined;
let dangerUntil = 0;
let lastSaid: Said = { text: "", prompts: [] };
let answered: "right" | "not-right" | null = null;

const tell = (said: Said) => {
  lastSaid = said;
  speak(said);
};

/** "3-0472-6" as digits with pauses, so that a voice does not read a subtraction. */
const spelled = (number: string): string => number.replace(/\D/g, "").split("").join("，");

const number = (number: string): string[] =>
  ["number"].concat(number.replace(/\D/g, "").split("").map((digit) => `digit-${digit}`));

/** Show that it has arrived and follow what becomes of it; `aloud` unless she speaks again. */
export function showResult(receipt: Receipt, aloud: boolean, changed: () => void): void {
  stop();
  answered = null;
  const key = keyOf(receipt.status_url);
  write("number", receipt.tracking_number);
  element("number").setAttribute("aria-label", spelled(receipt.tracking_number));
  write("next", say("next"));
  show("understood", false);
  show("answers", false);
  showDanger(false);
  write("answer", "");
  const said = {
    text: say("aloud_received", { number: spelled(receipt.tracking_number) }),
    prompts: ["received"].concat(number(receipt.tracking_number), ["wait"]),
  };
  lastSaid = said;
  if (aloud) {
    window.scrollTo(0, 0);
    focusOn("got");
    tell(said);
  }
  let known = "";
  let left = false;
  const end = follow(key, (status) => {
    if (left) return showDanger(status.emergency);
    draw(status);
    const heard = status.understood ? status.understood.sentence : "";
    if (status.emergency && known !== "emergency") {
      known = "emergency";
      tell({ text: say("aloud_emergency"), prompts: ["emergency"] });
    } else if (heard && heard !== known && known !== "emergency" && !answered) {
      known = heard;
      const code = status.understood && status.understood.category_code;
      tell({
        text: heard + (status.may_confirm ? say("aloud_right") : ""),
        prompts: (code ? [`category-${code}`] : []).concat(
          status.may_confirm ? ["right", "not-right"] : [],
        ),
      });
    }
    changed();
  });
  stop = () => {
    left = true;
    setTimeout(end, DANGER_MS);
  };
  element("right").onclick = () => answer(key, "right");
  element("wrong").onclick = () => answer(key, "not-right");
  element("repeat").onclick = () => tell(lastSaid);
}

/** Another recording begins: the last one's row in the list stays, and its danger is still told. */
export function leaveResult(): void {
  stop();
  stop = () => undefined;
  showDanger(false);
}

/** A recording that arrived while she was speaking again: only danger in it is shown. */
export function watchForDanger(receipt: Receipt): void {
  const end = follow(keyOf(receipt.status_url), (status) => showDanger(status.emergency));
  setTimeout(end, DANGER_MS);
}

function showDanger(now: boolean): void {
  if (now) dangerUntil = Date.now() + DANGER_MS;
  show("emergency", Date.now() < dangerUntil);
}

function draw(status: Status): void {
  write("next", withoutNumber(status));
  show("understood", status.understood !== null);
  if (status.understood) write("heard", status.understood.sentence);
  const asks = status.may_confirm && answered === null;
  const news = asks && element("answers").hidden;
  show("answers", asks);
  showDanger(status.emergency);
  if (news && !status.emergency) aboveFooter(element("understood"));
}

function answer(key: string, what: "right" | "not-right"): void {
  answered = what;
  show("answers", false);
  const words = what === "right" ? "said_right" : "said_wrong";
  write("answer", say(words));
  focusOn("answer");
  tell({ text: say(words), prompts: what === "right" ? [] : ["person-will-listen"] });
  const send = (attempt: number): void => {
    ask(`/api/s/${key}/${what}`, {}).then(undefined, (error) => {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return;
      const pause = ASK_AGAIN[Math.min(attempt, ASK_AGAIN.length - 1)] as number;
      setTimeout(() => send(attempt + 1), pause * 1000);
    });
  };
  send(0);
}
