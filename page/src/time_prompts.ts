// A span of time as a list of prompts to play: "时间是 十一月 三号 星期二 下午两点 到 下午六点".

import { language } from "./words";

/** Local times, such as "2026-11-03T14:00:00". */
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

/** The prompts' names; [] for a time that no prompts say (the screen shows it). */
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
