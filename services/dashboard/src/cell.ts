// A value that tells when it changes; the page's only store.
import { useEffect, useState } from "preact/hooks";

export interface Cell<T> {
  get(): T;
  set(to: T): void;
  /** Called after each change; the answer ends it. */
  watch(changed: (value: T) => void): () => void;
}

export function cell<T>(value: T): Cell<T> {
  const watchers = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(to) {
      value = to;
      for (const changed of [...watchers]) changed(to);
    },
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
  };
}

/** One whose value this browser remembers under that name. */
export function kept<T extends string>(name: string, start: T): Cell<T> {
  const made = cell((localStorage.getItem(name) || start) as T);
  made.watch((value) => localStorage.setItem(name, value));
  return made;
}

export function useCell<T>(of: Cell<T>): T {
  const [value, show] = useState(of.get());
  useEffect(() => {
    show(() => of.get());
    return of.watch((next) => show(() => next));
  }, [of]);
  return value;
}
