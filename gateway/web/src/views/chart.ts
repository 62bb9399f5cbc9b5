// Spot with the hedges upon it, and net delta beneath on its own scale, over market time.

import {
  ColorType,
  CrosshairMode,
  LineStyle,
  LineType,
  LineSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type LineData,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
  type WhitespaceData,
  createChart,
  createSeriesMarkers,
} from "lightweight-charts";
import { h, panel, setText } from "../dom.ts";
import { fixed, marketClock, marketDay, marketTick, signed } from "../format.ts";
import type { Model } from "../model.ts";
import { type Hedge, type Point, hedges } from "../points.ts";

const NARROW_PX = 560;
const REDRAW_MS = 400;
const MARGIN_PX = 44;
const LABEL_PX = 84;

const millisOf = (time: Time): number => Number(time) * 1000;

export class ChartView {
  private readonly frame = h("div", { class: "chart", id: "chart" });
  private readonly legend = h("p", { class: "legend" });
  private readonly fit = h("button", { type: "button", class: "quiet", onclick: () => this.follow() }, "Fit");
  readonly element = panel(
    "market",
    "Spot, net delta, hedges",
    h("div", { class: "legend-row" }, this.legend, this.fit),
    this.frame,
  );
  private readonly chart: IChartApi;
  private readonly spot: ISeriesApi<"Line">;
  private readonly delta: ISeriesApi<"Line">;
  private readonly markers: ISeriesMarkersPluginApi<Time>;
  private bands: IPriceLine[] = [];
  private drawn = "";
  private drawnAt = 0;
  private following = true;
  private shown: Point[] = [];
  private hedges: Hedge[] = [];
  private hovered = false;

  constructor() {
    this.chart = createChart(this.frame, {
      autoSize: true,
      layout: {
        attributionLogo: false,
        fontFamily: "system-ui, sans-serif",
        fontSize: 11,
        panes: { enableResize: false },
      },
      crosshair: { mode: CrosshairMode.Magnet },
      localization: {
        locale: "en-US",
        timeFormatter: (time: Time) => `${marketDay(millisOf(time))} ${marketClock(millisOf(time))} ET`,
      },
      timeScale: {
        timeVisible: true,
        secondsVisible: false,
        minBarSpacing: 0.05,
        tickMarkFormatter: (time: Time) => marketTick(millisOf(time)),
      },
      rightPriceScale: { borderVisible: false, minimumWidth: 64 },
      handleScroll: { vertTouchDrag: false },
    });
    this.spot = this.chart.addSeries(LineSeries, { lineWidth: 2, priceLineVisible: false, title: "" }, 0);
    this.delta = this.chart.addSeries(
      LineSeries,
      {
        lineWidth: 2,
        lineType: LineType.WithSteps,
        priceLineVisible: false,
        priceFormat: { type: "custom", minMove: 0.1, formatter: (value: number) => signed(value, 0) },
      },
      1,
    );
    this.chart.panes()[0]?.setStretchFactor(2.2);
    this.chart.panes()[1]?.setStretchFactor(1);
    this.markers = createSeriesMarkers(this.spot, []);
    this.chart.subscribeCrosshairMove((event) => {
      const at = event.time === undefined ? undefined : Number(event.time);
      this.hovered = at !== undefined;
      this.describe(at);
    });
    for (const name of ["wheel", "pointerdown"])
      this.frame.addEventListener(name, () => (this.following = false), { passive: true });
    new ResizeObserver(() => {
      if (this.following) this.whole();
      this.mark();
    }).observe(this.frame);
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(() => requestAnimationFrame(() => this.mark()));
    this.paint();
  }

  /** Takes its colours from the style sheet; called again when the theme changes. */
  paint(): void {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    this.chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colour("surface") },
        textColor: colour("muted"),
        panes: { separatorColor: colour("line"), separatorHoverColor: colour("line") },
      },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
      timeScale: { borderColor: colour("line") },
    });
    this.spot.applyOptions({ color: colour("ink-soft") });
    this.delta.applyOptions({ color: colour("accent") });
    for (const band of this.bands) band.applyOptions({ color: colour("faint") });
    this.mark();
  }

  update(model: Model): void {
    const strategy = model.strategy?.strategy ?? "";
    const track = model.track(strategy);
    const version = `${strategy} ${track.version} ${model.own.operations[0]?.operationId ?? ""}`;
    const rest = Math.max(REDRAW_MS, track.points.length / 4); // many points are drawn less often
    if (version === this.drawn || (this.drawn.startsWith(`${strategy} `) && Date.now() - this.drawnAt < rest)) return;
    this.drawn = version;
    this.drawnAt = Date.now();
    this.shown = track.points;
    this.hedges = hedges(model.own.operations, model.snapshot.symbol ?? "");
    this.spot.setData(this.shown.map((p) => datum(p.time, p.spot)));
    this.delta.setData(this.shown.map((p) => datum(p.time, p.delta)));
    this.threshold(model.snapshot.config?.gates?.state?.delta?.hedge_threshold ?? null);
    if (this.following) this.whole();
    this.mark();
    if (!this.hovered) this.describe(undefined);
    this.frame.dataset["points"] = String(this.shown.length);
    this.frame.dataset["hedges"] = String(this.hedges.length);
    this.frame.setAttribute("role", "img");
    this.frame.setAttribute(
      "aria-label",
      `Chart of ${this.shown.length} points and ${this.hedges.length} hedges; the operations list says the same in words`,
    );
  }

  private follow(): void {
    this.following = true;
    this.whole();
  }

  /** Everything, with room for the words of the first and last hedge. */
  private whole(): void {
    const room = (MARGIN_PX / Math.max(this.frame.clientWidth, 1)) * this.shown.length;
    if (this.shown.length > 1)
      this.chart.timeScale().setVisibleLogicalRange({ from: -room, to: this.shown.length - 1 + room });
  }

  private threshold(value: number | null): void {
    if (value === null || this.bands.length) return;
    const color = getComputedStyle(document.documentElement).getPropertyValue("--faint").trim();
    this.bands = [value, 0, -value].map((price) =>
      this.delta.createPriceLine({
        price,
        color,
        lineWidth: 1,
        lineStyle: price ? LineStyle.Dashed : LineStyle.Solid,
        axisLabelVisible: false,
        title: "",
      }),
    );
  }

  private mark(): void {
    const style = getComputedStyle(document.documentElement);
    const scale = this.chart.timeScale();
    const free = { buy: Infinity, sell: Infinity };
    const wide = this.frame.clientWidth >= NARROW_PX;
    const labelled = [...this.hedges].reverse(); // where there is no room for all words, the newest have them
    this.markers.setMarkers(
      labelled
        .map((hedge): SeriesMarker<Time> => {
          const buys = hedge.side === "buy";
          const time = this.nearest(hedge.time) as UTCTimestamp;
          const x = scale.timeToCoordinate(time) ?? Infinity;
          const fits = wide && x <= free[hedge.side];
          if (fits) free[hedge.side] = x - LABEL_PX;
          return {
            time,
            position: buys ? "belowBar" : "aboveBar",
            shape: buys ? "arrowUp" : "arrowDown",
            color: style.getPropertyValue(buys ? "--buy" : "--sell").trim(),
            text: fits ? told(hedge) : "",
          };
        })
        .reverse(),
    );
  }

  /** A marker stands on a point: the last one not after it. */
  private nearest(time: number): number {
    let found = this.shown[0]?.time ?? time;
    for (const point of this.shown) {
      if (point.time > time) break;
      found = point.time;
    }
    return found;
  }

  private describe(at: number | undefined): void {
    const point = at === undefined ? this.shown[this.shown.length - 1] : this.shown.find((p) => p.time === at);
    if (!point) {
      setText(this.legend, this.shown.length ? "" : "No points yet.");
      return;
    }
    const here =
      at === undefined ? this.hedges.slice(-1) : this.hedges.filter((hedge) => this.nearest(hedge.time) === point.time);
    const parts = [
      `${marketClock(point.time * 1000)} ET`,
      `spot ${fixed(point.spot)}`,
      `net delta ${signed(point.delta, 1)}`,
    ];
    if (here.length) parts.push(`${at === undefined ? "last hedge " : "hedge "}${here.map(told).join(", ")}`);
    setText(this.legend, parts.join("  ·  "));
  }
}

const told = (hedge: Hedge): string =>
  `${hedge.side === "buy" ? "+" : "−"}${fixed(hedge.quantity, 0)} @ ${fixed(hedge.price)}`;

const datum = (time: number, value: number | null): LineData | WhitespaceData =>
  value === null ? { time: time as UTCTimestamp } : { time: time as UTCTimestamp, value };
