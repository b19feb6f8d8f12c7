// The activity page: Pause and Resume; the slider, by which another promise moves the line and says what would move.

import { post } from "./post.js";

const $ = (id) => document.getElementById(id);
const slider = $("promise");

if (slider) {
  const promises = JSON.parse(slider.dataset.promises), chart = $("histogram");
  const low = Number(chart.dataset.low), high = Number(chart.dataset.high), wide = chart.viewBox.baseVal.width;
  const draw = (line, threshold) => {
    const x = Math.min(1, Math.max(0, (threshold - low) / (high - low))) * wide;
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  };
  const show = () => {
    const { promise, threshold, moves, returns } = promises[slider.value];
    const said = `${(promise * 100).toLocaleString(undefined, { maximumFractionDigits: 2 })} %`;
    draw($("then"), threshold);
    $("said").textContent = said;
    $("key").textContent = promise;
    slider.setAttribute("aria-valuetext", said);
    $("would").textContent = `${moves.toLocaleString()} of the present pictures would move, and ${returns.toLocaleString()} of those in quarantine would not have.`;
  };
  draw($("now"), Number(chart.dataset.now));
  slider.addEventListener("input", show);
  show();
}

function onClick(id, address, status, said, failed) {
  $(id)?.addEventListener("click", async () => {
    $(id).disabled = true;
    try {
      const answer = await post(address, {});
      if (!answer.ok) throw new Error((await answer.text()).slice(0, 200));
      $(status).textContent = said(await answer.json());
    } catch (fault) {
      $(id).disabled = false;
      $(status).textContent = `${failed}: ${fault.message}`;
    }
  });
}

onClick("pause", "/pause", "paused",
  ({ alive }) => `Paused. The daemon moves nothing ${alive ? "from now on" : "when it starts"}, until you resume.`,
  "It could not be paused");
onClick("resume", "/resume", "resumed",
  ({ alive, held }) => `The breaker is closed. What it held back (${held}) is judged ${alive ? "now" : "when the daemon starts"}.`,
  "The breaker could not be closed");
document.body.dataset.ready = "yes";
