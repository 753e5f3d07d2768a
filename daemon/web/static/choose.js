// The button for chosen files can be pressed when some are chosen.
"use strict";
for (const form of document.querySelectorAll("[data-choose]")) {
  const button = form.querySelector("[data-chosen]");
  const update = () => { button.disabled = !form.querySelector("[name=job]:checked"); };
  form.addEventListener("change", update);
  update();
}
