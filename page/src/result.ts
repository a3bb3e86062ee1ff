// After a recording has arrived: the tracking number, what was understood, "right" or "not right",
// and the numbers to ring in danger.

import { saveAnswer, sendAnswers, type Answer } from "./answers";
import { statusKeyOf } from "./upload";
import { scrollAboveFooter, focusOn, recall, remember, show, write } from "./screen";
import { followStatus, sentenceWithoutNumber, type Status } from "./status";
import type { KnownRequest } from "./database";
import { timePrompts } from "./time_prompts";
import { speak, type Announcement } from "./announcer";
import { element, say } from "./words";

const RETRY_SECONDS = [1, 2, 5, 10, 20]; // seconds until an unsent answer is sent again
const DANGER_MS = 600_000; // how long the numbers to ring stay, and requests are watched for danger
const DANGER = "danger"; // stored, so that a reload does not hide them

let stop: () => void = () => undefined;
let dangerUntil = Number(recall(DANGER)) || 0;
let lastAnnouncement: Announcement = { text: "", prompts: [] };
let answered: Answer | null = null;

const announce = (said: Announcement) => {
  lastAnnouncement = said;
  speak(said);
};

/** "3-0472-6" as digits with pauses, so that speech synthesis does not read a subtraction. */
const digitByDigit = (number: string): string => number.replace(/\D/g, "").split("").join("，");

const number = (number: string): string[] =>
  ["number"].concat(number.replace(/\D/g, "").split("").map((digit) => `digit-${digit}`));

/** Show and say that the recording has arrived, then show its status as it changes. */
export function showResult(kept: KnownRequest, changed: () => void): void {
  stop();
  answered = null;
  const key = kept.status_key;
  write("number", kept.tracking_number);
  element("number").setAttribute("aria-label", digitByDigit(kept.tracking_number));
  write("next", say("next"));
  show("understood", false);
  show("answers", false);
  write("answer", "");
  window.scrollTo(0, 0);
  focusOn("got");
  announce({
    text: say("aloud_received", { number: digitByDigit(kept.tracking_number) }),
    prompts: ["received"].concat(number(kept.tracking_number), ["wait"]),
  });
  let known = "";
  let left = false;
  const end = followStatus(key, (status) => {
    showDanger(status.emergency);
    if (left) return;
    showStatus(status);
    const heard = status.understood ? status.understood.sentence : "";
    if (status.emergency && known !== "emergency") {
      known = "emergency";
      announce({ text: say("aloud_emergency"), prompts: ["emergency"] });
    } else if (heard && heard !== known && known !== "emergency" && !answered) {
      known = heard;
      const code = status.understood && status.understood.category_code;
      announce({
        text: heard + (status.may_confirm ? say("aloud_right") : ""),
        prompts: (code ? [`category-${code}`] : []).concat(
          timePrompts(status.understood && status.understood.when),
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
  element("right").onclick = () => answer(kept, "right");
  element("wrong").onclick = () => answer(kept, "not-right");
  element("repeat").onclick = () => announce(lastAnnouncement);
}

/** Another recording begins: stop showing the last one, but watch it for danger. */
export function leaveResult(): void {
  stop();
  stop = () => undefined;
}

/** Watch a request that is not on the screen; only danger in it is shown. */
export function watchForDanger(statusUrl: string): void {
  const end = followStatus(statusKeyOf(statusUrl), (status) => showDanger(status.emergency));
  setTimeout(end, DANGER_MS);
}

/** Show the numbers to ring until ten minutes after danger was last reported. */
export function showDanger(now: boolean): void {
  if (now) {
    dangerUntil = Date.now() + DANGER_MS;
    remember(DANGER, String(dangerUntil));
  }
  const left = Math.min(DANGER_MS, dangerUntil - Date.now());
  show("emergency", left > 0);
  if (now) setTimeout(() => showDanger(false), left + 100);
}

function showStatus(status: Status): void {
  write("next", sentenceWithoutNumber(status));
  show("understood", status.understood !== null);
  if (status.understood) write("heard", status.understood.sentence);
  const asks = status.may_confirm && answered === null;
  const news = asks && element("answers").hidden;
  show("answers", asks);
  if (news && !status.emergency) scrollAboveFooter(element("understood"));
}

function answer(kept: KnownRequest, what: Answer): void {
  answered = what;
  show("answers", false);
  const words = what === "right" ? "said_right" : "said_wrong";
  write("answer", say(words));
  focusOn("answer");
  announce({ text: say(words), prompts: [what === "right" ? "thanks" : "person-will-listen"] });
  saveAnswer(kept, what).then(() => sendAnswersUntilTaken());
}

let retry = 0;

/** Send the stored answers, also those of an earlier visit, until the server has taken them all. */
export function sendAnswersUntilTaken(attempt = 0): void {
  clearTimeout(retry);
  sendAnswers().then(undefined, () => {
    const pause = RETRY_SECONDS[Math.min(attempt, RETRY_SECONDS.length - 1)] as number;
    retry = window.setTimeout(() => sendAnswersUntilTaken(attempt + 1), pause * 1000);
  });
}
