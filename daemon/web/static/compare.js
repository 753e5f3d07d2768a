// Before and after in one place: a slider for photographs, and two films that run together.
"use strict";

function addSlider(figure) {
  const before = figure.querySelector(".before");
  if (!before || figure.querySelector("input")) return;
  const slider = document.createElement("input");
  slider.type = "range";
  slider.min = 0;
  slider.max = 100;
  slider.step = "any";
  slider.value = 50;
  slider.setAttribute("aria-label", figure.dataset.label || "How much of the original is shown");
  const move = () => figure.style.setProperty("--part", slider.value + "%");
  slider.addEventListener("input", move);
  figure.append(slider, document.createElement("span"));
  figure.classList.add("slides");
  move();
}

function coupleFilms(box) {
  const [first, second] = box.querySelectorAll("video");
  if (!first || !second || box.dataset.coupled) return;
  box.dataset.coupled = "yes";
  for (const [one, other] of [[first, second], [second, first]]) {
    one.addEventListener("play", () => { if (other.paused) other.play().catch(() => {}); });
    one.addEventListener("pause", () => { if (!one.ended) other.pause(); });
    one.addEventListener("seeking", () => {
      if (Math.abs(other.currentTime - one.currentTime) > 0.15) other.currentTime = one.currentTime;
    });
  }
}

// A file that cannot be read has no picture; its page says why.
function removeIfBroken(figure) {
  const image = figure.querySelector("img");
  if (image.complete && !image.naturalWidth) figure.remove();
  else image.addEventListener("error", () => figure.remove());
}

function prepare() {
  document.querySelectorAll("[data-optional]").forEach(removeIfBroken);
  document.querySelectorAll("[data-compare]").forEach(addSlider);
  document.querySelectorAll("[data-films]").forEach(coupleFilms);
}

prepare();
document.addEventListener("htmx:afterSettle", prepare);
