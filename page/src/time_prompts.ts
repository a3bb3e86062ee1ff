// A stretch of time as prompts that are put together: "时间是 十一月 三号 星期二 下午两点 到 下午六点".

import { language } from "./words";

/** Local times, "2026-11-03T14:00:00", as the sentence beside them says. */
export interface When {
  start: string;
  end: string;
}

interface Moment {
  day: string[];
  clock: string;
  hour: number;
  minute: number;
}

/** The prompts' names; none for a time that they can't say, which stands on the screen. */
export function timePrompts(when: When | null | undefined): string[] {
  const start = when ? read(when.start) : null;
  const end = when ? read(when.end) : null;
  if (!start || !end) return [];
  const oneDay = start.day.join() === end.day.join();
  const fromMidnight = !start.hour && !start.minute;
  const toMidnight = end.hour === 23;
  const first = fromMidnight && (toMidnight || !oneDay) ? [] : [start.clock];
  if (oneDay && toMidnight) {
    return ["time"].concat(start.day, first, first.length ? ["or-later"] : []);
  }
  const last = (oneDay ? [] : end.day).concat(toMidnight ? [] : [end.clock]);
  const all = ["time"].concat(start.day, first, ["to"], last);
  return all.indexOf("") < 0 ? all : ["time"].concat(start.day);
}

function read(text: string): Moment | null {
  const found = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/.exec(text);
  if (!found) return null;
  const [year, month, date, hour, minute] = found.slice(1).map(Number) as [
    number, number, number, number, number,
  ];
  const weekday = new Date(year, month - 1, date).getDay() || 7;
  const day = [`month-${month}`, `date-${date}`, `weekday-${weekday}`];
  const minutes: { [minute: number]: string } = { 0: "", 30: "-30" };
  const clock = minutes[minute] === undefined ? "" : `clock-${hour}${minutes[minute]}`;
  return { day: language === "zh" ? day : day.reverse(), clock, hour, minute };
}
