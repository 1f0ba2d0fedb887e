// Which visits of one person lie over each other.
interface Timed {
  visit: string;
  staff: string;
  state: string;
  starts_at: string;
  minutes: number;
}

/** The ids of all visits that share a moment with another one of the same person; what does not take place does not count. */
export function overlapping(visits: readonly Timed[]): Set<string> {
  const found = new Set<string>();
  const byStaff = new Map<string, { visit: string; from: number; to: number }[]>();
  for (const row of visits) {
    if (row.state !== "scheduled" && row.state !== "delivered") continue;
    const from = Date.parse(row.starts_at);
    const theirs = byStaff.get(row.staff) ?? [];
    theirs.push({ visit: row.visit, from, to: from + row.minutes * 60_000 });
    byStaff.set(row.staff, theirs);
  }
  for (const theirs of byStaff.values()) {
    theirs.sort((a, b) => a.from - b.from);
    let longest = theirs[0];
    for (const next of theirs.slice(1)) {
      if (longest && next.from < longest.to) {
        found.add(next.visit);
        found.add(longest.visit);
      }
      if (!longest || next.to > longest.to) longest = next;
    }
  }
  return found;
}
