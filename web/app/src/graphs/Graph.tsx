import { useLocale } from "react-aria-components";
import { useMessages } from "../messages/catalogue.js";
import { linePath, thinned, type Point } from "./geometry.js";
import styles from "./Graph.module.css";

const WIDTH = 320;
const HEIGHT = 96;
const ROWS = 20;

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

interface GraphProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly from: number;
  readonly until: number;
  readonly maximum: number;
  readonly text: (value: number) => string;
  /** Heights at which the axis has a line: all full steps of layers, else the top alone. */
  readonly ticks?: readonly number[];
  readonly isStepped?: boolean;
  /** Of values over days or months: how far apart they may be, milliseconds, and how their times are written. */
  readonly calendar?: { readonly gap: number; readonly label: string; readonly text: (at: number) => string };
}

/** Up to three lines over the last minutes, or over days, with their numbers in a table for who cannot see them, or wants them exactly. */
export function Graph({ title, lines, from, until, maximum, text, ticks = [maximum], isStepped = false, calendar }: GraphProps) {
  const texts = useMessages().live;
  const scale = { from, until, maximum, width: WIDTH, height: HEIGHT, gap: calendar?.gap };
  const said = lines.map(({ name, points }) => `${name}: ${inWords(points, text, texts)}`).join("; ");
  return (
    <figure className={styles.graph}>
      <figcaption className={styles.title}>{title}</figcaption>
      <ul className={styles.legend}>
        {lines.map(({ name, points }, index) => (
          <li key={name}>
            <svg viewBox="0 0 18 6" aria-hidden className={styles.swatch}>
              <path d="M0 3L18 3" className={styles[`line${index}`]} />
            </svg>
            {name} <strong>{valueText(points.at(-1)?.value ?? null, text)}</strong>
          </li>
        ))}
      </ul>
      <div className={styles.plot}>
        <svg
          viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}. ${said}`}
          className={styles.lines}
        >
          {[0, ...ticks].map((tick) => {
            const y = HEIGHT - (tick / maximum) * HEIGHT;
            return <line key={tick} x1="0" x2={WIDTH} y1={y} y2={y} className={tick === 0 ? styles.base : styles.tick} />;
          })}
          {lines.map(({ name, points }, index) => (
            <path key={name} d={linePath(points, scale, isStepped)} className={styles[`line${index}`]} />
          ))}
        </svg>
        {ticks.map((tick) => (
          <span key={tick} aria-hidden className={styles.axis} style={{ bottom: `${(tick / maximum) * 100}%` }}>
            {text(tick)}
          </span>
        ))}
      </div>
      <details className={styles.details}>
        <summary>{texts.asTable}</summary>
        <Numbers title={title} lines={lines} text={text} calendar={calendar} />
      </details>
    </figure>
  );
}

type NumbersProps = Pick<GraphProps, "title" | "lines" | "text"> & { readonly calendar: GraphProps["calendar"] | undefined };

function Numbers({ title, lines, text, calendar }: NumbersProps) {
  const texts = useMessages().live;
  const { locale } = useLocale();
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", second: "2-digit" });
  const timeText = calendar?.text ?? ((at: number) => time.format(at));
  const points = lines[0]?.points ?? [];
  const moments = [...(calendar === undefined ? thinned(points, ROWS) : points)].reverse();
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={title}>
      <table className={styles.table}>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{calendar?.label ?? texts.time}</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {moments.map(({ at }) => (
            <tr key={at}>
              <th scope="row">{timeText(at)}</th>
              {lines.map(({ name, points }) => (
                <td key={name}>{valueText(points.find((point) => point.at === at)?.value ?? null, text)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function valueText(value: number | null, text: (value: number) => string): string {
  return value === null ? "–" : text(value);
}

function inWords(
  points: readonly Point[],
  text: (value: number) => string,
  texts: { now: (value: string) => string; most: (value: string) => string },
): string {
  const values = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const latest = points.at(-1)?.value ?? null;
  if (values.length === 0) return "–";
  return `${texts.now(valueText(latest, text))}, ${texts.most(text(Math.max(...values)))}`;
}
