// A list of the service as a table: filters and order in the address, pages by cursor, CSV, paper, keys.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type List, type Query, queryText } from "./api";
import { useLeads, useList } from "./data";
import { Choice, Empty, ExplainButton, Icon, ListTools, Loading, ScopeChoice, Tabs, Trouble } from "./parts";
import { askAnew, go, useAddress, withQuery } from "./routes";
import { numberText } from "./time";
import { t, type Word } from "./words";

export interface Column<Row> {
  key: string;
  word: Word;
  show: (row: Row) => ComponentChildren;
  /** The service has an index for it. */
  sorts?: boolean;
  number?: boolean;
  /** Left out where there is little room. */
  wide?: boolean;
}
export interface Filter {
  name: string;
  word: Word;
  /** Value and text; without them it is two days, `name.from` and `name.to`. */
  options?: () => [string, string][];
  /** What it is when the address says nothing; "" asks for all. */
  standard?: string;
}
export interface ListOf<Row> {
  /** Below /v1/, and the table's name. */
  table: string;
  columns: Column<Row>[];
  filters: Filter[];
  sort: string;
  key: (row: Row) => string;
  empty: Word;
  /** What a key or a click unfolds. */
  explain?: (row: Row) => ComponentChildren;
}

const page_rows = 50;

/** What the address asks of the list: its own filters, the person's cases, order and page. */
function questionOf<Row>(list: ListOf<Row>, query: Record<string, string>, leads?: string): Query {
  const asked: Query = { with: "person", count: "true", limit: page_rows, sort: query.sort ?? list.sort };
  const given = (name: string) => (query[name] ? query[name] : undefined);
  for (const filter of list.filters) {
    if (!filter.options) {
      asked[`${filter.name}.from`] = given(`${filter.name}.from`);
      asked[`${filter.name}.to`] = given(`${filter.name}.to`);
      continue;
    }
    const value = query[filter.name] ?? filter.standard ?? "";
    if (value && value !== "any") asked[filter.name] = value;
  }
  // Filters that come from a link and have no control of their own.
  for (const [name, value] of Object.entries(query)) {
    if (/\.(from|to)$/.test(name) || ["case", "rule", "task", "benefit", "warning", "staff"].includes(name)) {
      if (value !== "any") asked[name] ??= value;
    }
  }
  asked.name = given("name");
  asked.leads = leads;
  asked.cursor = given("cursor");
  return asked;
}

/** One of the lists of a page; `never`, since each has rows of its own. */
interface View {
  key: string;
  word: Word;
  list: ListOf<never>;
}
export function ListPages({ page, of }: { page: string; of: [View, ...View[]] }) {
  const { query } = useAddress();
  const open = of.find((view) => view.key === query.liste) ?? of[0];
  return (
    <>
      <h1>{t(open.word)}</h1>
      {/* A list of its own: rows of one do not fit the columns of another. */}
      <ListPage key={open.key} list={open.list}>
        <Tabs page={page} of={of} open={open.key} />
      </ListPage>
    </>
  );
}

export function ListPage<Row>({ list, children }: { list: ListOf<Row>; children?: ComponentChildren }) {
  const { query } = useAddress();
  const asked = questionOf(list, query, useLeads(query.wer));
  const { data, problem, waiting, reload } = useList<Row>(list.table, asked);
  const [open, setOpen] = useState<string>();
  useEffect(() => setOpen(undefined), [query.cursor]);
  const start = Number(query.ab ?? 0);
  const total = start + (data?.count ?? data?.items.length ?? 0);
  const filtered = isFiltered(query);
  return (
    <>
      <div class="bar no-print">
        {children}
        <ScopeChoice />
      </div>
      <Filters of={list.filters} query={query} />
      {problem && <Trouble problem={problem} retry={reload} />}
      {!data && !problem && <Loading />}
      {data && (
        <>
          <div class="bar">
            <p class="count" role="status">
              {total === 1 ? t("oneRow") : t("rowsOf", numberText(total))}
            </p>
            <span class="no-print">
              <ListTools path={list.table} query={asked} />
            </span>
          </div>
          {data.items.length === 0 ? (
            <Empty why={filtered ? t(list.empty) : undefined}>
              {t(filtered ? "emptyFiltered" : list.empty)}
            </Empty>
          ) : (
            <div class="table-frame" tabIndex={0} role="region" aria-label={t("rowsOf", data.items.length)}>
              <table class={waiting ? "waiting" : undefined}>
                <thead>
                  <tr>
                    {list.columns.map((column) => (
                      <Head key={column.key} column={column} sort={query.sort ?? list.sort} />
                    ))}
                    {list.explain && (
                      <th scope="col" class="no-print">
                        <span class="hidden">{t("explain")}</span>
                      </th>
                    )}
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((row) => {
                    const key = list.key(row);
                    return (
                      <Row
                        key={key}
                        list={list}
                        row={row}
                        open={open === key}
                        toggle={() => setOpen(open === key ? undefined : key)}
                      />
                    );
                  })}
                </tbody>
              </table>
            </div>
          )}
          <Pages at={data} cursor={query.cursor} start={start} total={total} />
        </>
      )}
    </>
  );
}

const isFiltered = (query: Record<string, string>): boolean =>
  Object.keys(query).some((name) => !["sort", "cursor", "ab", "liste"].includes(name));

function Filters({ of, query }: { of: Filter[]; query: Record<string, string> }) {
  return (
    <div class="bar filters no-print" role="group" aria-label={t("filters")}>
      {of.map((filter) =>
        filter.options ? (
          <Choice
            key={filter.name}
            name={filter.name}
            label={t(filter.word)}
            value={query[filter.name] ?? filter.standard ?? "any"}
            options={[["any", t("anyOf")], ...filter.options()]}
            onChange={(value) =>
              askAnew({ [filter.name]: value === (filter.standard ?? "any") ? undefined : value })
            }
          />
        ) : (
          <fieldset class="range" key={filter.name}>
            <legend>{t(filter.word)}</legend>
            {(["from", "to"] as const).map((edge) => (
              <label key={edge}>
                <span>{t(edge)}</span>
                <input
                  type="date"
                  value={query[`${filter.name}.${edge}`] ?? ""}
                  onChange={(event) => askAnew({ [`${filter.name}.${edge}`]: event.currentTarget.value })}
                />
              </label>
            ))}
          </fieldset>
        ),
      )}
      <label class="choice">
        <span>{t("name")}</span>
        <input
          type="search"
          name="name"
          value={query.name ?? ""}
          onChange={(event) => askAnew({ name: event.currentTarget.value.trim() })}
        />
      </label>
      {isFiltered(query) && (
        <button
          type="button"
          class="plain"
          onClick={() => go(location.pathname + queryText({ liste: query.liste }))}
        >
          <Icon name="close" /> {t("resetFilters")}
        </button>
      )}
    </div>
  );
}

/** Which rows of how many are shown, and the way to the others. */
function Pages<Row>({
  at,
  cursor,
  start,
  total,
}: {
  at: List<Row>;
  cursor?: string;
  start: number;
  total: number;
}) {
  return (
    <nav class="bar pages no-print" aria-label={t("shown", "", "", "")}>
      {cursor && (
        <button type="button" onClick={() => askAnew({})}>
          {t("firstPage")}
        </button>
      )}
      {at.items.length > 0 && (cursor || at.next) && (
        <span>
          {t("shown", numberText(start + 1), numberText(start + at.items.length), numberText(total))}
        </span>
      )}
      {at.next && (
        <button
          type="button"
          class="main"
          onClick={() => {
            withQuery({ cursor: at.next, ab: start + at.items.length });
            scrollTo(0, 0);
          }}
        >
          {t("nextPage")} <Icon name="right" />
        </button>
      )}
    </nav>
  );
}

const classOf = <Row,>(column: Column<Row>): string =>
  `${column.number ? "number" : ""} ${column.wide ? "wide-only" : ""}`;

function Head<Row>({ column, sort }: { column: Column<Row>; sort: string }) {
  const down = sort === `-${column.key}`;
  const up = sort.replace("+", "") === column.key;
  const classes = classOf(column);
  if (!column.sorts) {
    return (
      <th scope="col" class={classes}>
        {t(column.word)}
      </th>
    );
  }
  return (
    <th scope="col" class={classes} aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <button
        type="button"
        class="sort"
        title={t("sortedBy", t(column.word))}
        onClick={() => askAnew({ sort: up ? `-${column.key}` : column.key })}
      >
        {t(column.word)}
        {(up || down) && <Icon name={up ? "up" : "down"} />}
      </button>
    </th>
  );
}

function Row<R>({ list, row, open, toggle }: { list: ListOf<R>; row: R; open: boolean; toggle: () => void }) {
  const span = list.columns.length + 1;
  return (
    <>
      <tr data-row tabIndex={-1}>
        {list.columns.map((column) => (
          <td key={column.key} class={classOf(column)}>
            {column.show(row)}
          </td>
        ))}
        {list.explain && (
          <td class="no-print">
            <ExplainButton open={open} toggle={toggle} />
          </td>
        )}
      </tr>
      {open && list.explain && (
        <tr class="explained">
          <td colSpan={span}>{list.explain(row)}</td>
        </tr>
      )}
    </>
  );
}
