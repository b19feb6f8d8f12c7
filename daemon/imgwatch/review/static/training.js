// The training page: choose what is to be left out, write the list.

import { post } from "./post.js";

const pressed = () => [...document.querySelectorAll(".audit .card[aria-pressed=true]")].map((card) => Number(card.dataset.number));

for (const card of document.querySelectorAll(".audit .card")) {
  card.addEventListener("click", () => card.setAttribute("aria-pressed", card.ariaPressed !== "true"));
}

document.getElementById("save")?.addEventListener("click", async () => {
  const saved = document.getElementById("saved");
  try {
    const answer = await post("/training", { numbers: pressed() });
    const content = await answer.json();
    saved.textContent = answer.ok ? `${content.left_out} in the list.` : content.error;
  } catch {
    saved.textContent = "imgwatch review does not answer: start it again and open the address that it prints.";
  }
});
document.body.dataset.ready = "yes";
