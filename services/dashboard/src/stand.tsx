// For whoever runs the service: how far it is, what stands still, what is wrong.
import { useEffect } from "preact/hooks";
import type { Status } from "./api";
import { useRead } from "./data";
import { tables } from "./live";
import { Badge, Empty, Fact, Icon, Loading, Trouble } from "./parts";
import { dayText, momentText, numberText } from "./time";
import { t, type Word } from "./words";

const look_again_ms = 5_000;

export function Stand() {
  const { data: s, problem, reload } = useRead<Status>("status", {}, tables);
  useEffect(() => {
    const timer = setInterval(reload, look_again_ms);
    return () => clearInterval(timer);
  }, []);
  const trouble = s?.trouble ?? [];
  const well = s && !trouble.length && !s.parked.length;
  return (
    <>
      <h1>{t("status")}</h1>
      {problem && <Trouble problem={problem} retry={reload} />}
      {!s && !problem && <Loading />}
      {s && (
        <>
          <p class="verdict">
            <Badge tone={well ? "good" : "late"}>{t(well ? "allWell" : "notWell")}</Badge>
          </p>
          <dl class="facts">
            <Fact label={t("lag")}>
              {s.lag_ms === 0 ? t("noLag") : `${numberText(s.lag_ms)} ms, ${numberText(s.lag_records ?? 0)}`}
            </Fact>
            <Fact label={t("events")}>{numberText(s.events ?? 0)}</Fact>
            <Fact label={t("stale")}>{numberText(s.stale)}</Fact>
            <Fact label={t("foreign")}>{numberText(s.foreign ?? 0)}</Fact>
            <Fact label={t("parked")}>{numberText(s.parked.length)}</Fact>
            <Fact label={t("backup")}>{s.backup ? momentText(s.backup.made) : t("backupNone")}</Fact>
            <Fact label={t("clockIs")}>{momentText(s.clock.now)}</Fact>
            <Fact label={t("version")}>{s.version}</Fact>
            <Fact label={t("roles")}>{s.roles.join(", ")}</Fact>
          </dl>
          <div class="case-grid">
            <section>
              <h2>{t("trouble")}</h2>
              {trouble.length === 0 && <Empty>{t("troubleNone")}</Empty>}
              <ul class="plain-list">
                {trouble.map((what) => (
                  <li key={what} class="wrong">
                    <Icon name="alert" /> {what}
                  </li>
                ))}
              </ul>
              <h2>{t("parked")}</h2>
              {s.parked.length === 0 && <p class="quiet">{t("parkedNone")}</p>}
              <ul class="plain-list">
                {s.parked.map((parked) => (
                  <li key={parked.case + parked.table}>
                    <a href={`/fall/${parked.case}`}>{parked.case}</a>
                    <p>
                      {parked.table} {parked.position.partition}:{parked.position.offset}: {parked.error}
                    </p>
                    <code>geleit retry {parked.case}</code>
                  </li>
                ))}
              </ul>
            </section>
            <section>
              <h2>{t("channels")}</h2>
              {!s.alert?.channels.length && <p class="quiet">{t("channelsNone")}</p>}
              <ul class="plain-list">
                {s.alert?.channels.map((channel) => (
                  <li key={channel.name}>
                    <div class="line">
                      <Badge tone={channel.down || channel.disabled ? "late" : "good"}>{channel.name}</Badge>{" "}
                      {channel.kind}
                    </div>
                    <p class="quiet">
                      {numberText(channel.delivered)} {t("delivered")} · {numberText(channel.waiting)}{" "}
                      {t("waiting")}
                      {channel.last_delivered_at && ` · ${momentText(channel.last_delivered_at)}`}
                    </p>
                    {channel.last_error && <p class="wrong">{channel.last_error}</p>}
                  </li>
                ))}
              </ul>
              <h2>{t("watch")}</h2>
              {s.watch && (
                <p>
                  {momentText(s.watch.looked_at)}
                  {s.watch.next_due && ` · ${t("watchNext", momentText(s.watch.next_due))}`}
                </p>
              )}
              <h2>{t("ruleSets")}</h2>
              <ul class="plain-list">
                {s.rule_sets.map((set) => (
                  <li key={set.hash + set.name}>
                    <strong>{set.name}</strong> {t("from")} {dayText(set.from)}{" "}
                    <code>{set.hash.slice(0, 12)}</code>
                  </li>
                ))}
              </ul>
            </section>
            <section>
              <h2>{t("positions")}</h2>
              <Numbers
                head={["partition", "position", "lag"]}
                rows={(s.partitions ?? []).map((p) => [
                  p.partition,
                  p.position === null ? "–" : numberText(p.position),
                  numberText(p.lag_records),
                ])}
              />
            </section>
            <section>
              <h2>{t("tables")}</h2>
              <Numbers
                head={["table", "version", "rows"]}
                rows={s.tables.map((table) => [table.name, table.version, numberText(table.rows)])}
              />
              <p class="quiet">
                {t("log")}: {s.log.kind}, {s.log.id}
              </p>
            </section>
          </div>
        </>
      )}
    </>
  );
}

/** A name and two numbers a row. */
function Numbers({ head, rows }: { head: [Word, Word, Word]; rows: (string | number)[][] }) {
  return (
    <table>
      <thead>
        <tr>
          {head.map((name, i) => (
            <th key={name} scope="col" class={i ? "number" : undefined}>
              {t(name)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row[0]}>
            {row.map((value, i) => (
              <td key={i} class={i ? "number" : undefined}>
                {value}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
