// Reads values off a stack of charts under the pointer or by arrow keys; without it everything but that is there.
"use strict";
for (const stack of document.querySelectorAll(".stack")) {
  const data = JSON.parse(stack.querySelector("script[type='application/json']").textContent);
  const plot = stack.querySelector("svg.plot");
  const cursor = stack.querySelector(".cursor");
  const readout = stack.closest(".panel").querySelector(".readout");
  const idle = readout.textContent;
  let at = -1;

  const text = (value, decimals) =>
    value === null ? "\u2013" : value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "\u2212");

  const show = (index) => {
    at = Math.max(0, Math.min(data.share.length - 1, index));
    const place = plot.getBoundingClientRect();
    cursor.hidden = false;
    cursor.style.left = `${place.left - stack.getBoundingClientRect().left + data.share[at] * place.width}px`;
    const parts = data.columns.map(([name, decimals, values]) => [name, text(values[at], decimals)]);
    const held = data.blocked.find(([from, to]) => from <= data.share[at] && data.share[at] < to);
    if (held) parts.push(["held back by", held[2]]);
    const time = document.createElement("b");
    time.textContent = data.time[at];
    readout.replaceChildren(time, ...parts.map(([name, value]) => ` \u00b7 ${name} ${value}`));
    readout.dataset.reading = "true";
  };

  const nearest = (share) => {
    let low = 0;
    let high = data.share.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.share[middle] < share) low = middle + 1;
      else high = middle;
    }
    return low > 0 && share - data.share[low - 1] < data.share[low] - share ? low - 1 : low;
  };

  const leave = () => {
    at = -1;
    cursor.hidden = true;
    readout.textContent = idle;
    delete readout.dataset.reading;
  };

  if (data.share.length === 0) continue;
  stack.addEventListener("pointermove", (event) => {
    const place = plot.getBoundingClientRect();
    show(nearest((event.clientX - place.left) / place.width));
  });
  stack.addEventListener("pointerleave", leave);
  stack.addEventListener("blur", leave);
  stack.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      show(at < 0 ? (step > 0 ? 0 : data.share.length - 1) : at + step * (event.shiftKey ? 15 : 1));
      event.preventDefault();
    } else if (event.key === "Escape") leave();
  });
}
