// Uploads by the tus protocol: three at a time; an upload that breaks off goes on where it was.
"use strict";
(() => {
  const form = document.querySelector("[data-drop]");
  if (!form) return;
  const endpoint = new URL(form.dataset.drop, document.baseURI).href;
  const list = document.getElementById("uploads");
  const zone = form.querySelector(".zone");
  const waiting = [];
  let running = 0;

  function folder() {
    const field = document.getElementById("folder");
    const chosen = field.selectedOptions ? field.selectedOptions[0] : field;
    return { path: field.value, room: Number(chosen.dataset.room) };
  }

  function addRow(name) {
    const row = document.createElement("li");
    const text = document.createElement("span");
    text.className = "grow";
    text.textContent = name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", "Upload of " + name);
    const said = document.createElement("span");
    said.className = "said";
    said.textContent = "waits";
    const stop = document.createElement("button");
    stop.type = "button";
    stop.textContent = "Cancel";
    stop.setAttribute("aria-label", "Cancel " + name);
    row.append(text, said, stop, bar);
    list.hidden = false;
    list.append(row);
    return { row, bar, said, stop };
  }

  function end(shown, text, isBad) {
    shown.said.textContent = text;
    shown.said.classList.toggle("bad", isBad);
    shown.stop.remove();
    if (isBad) shown.bar.remove();
  }

  function reasonOf(error) {
    try {
      return JSON.parse(error.originalResponse.getBody()).error;
    } catch {
      return "The connection broke off. Drop the file again to go on.";
    }
  }

  // What systems leave in folders; people do not see it there.
  const isHidden = (path) => path.includes("/") && /\/(\.[^/]*|Thumbs\.db|desktop\.ini)(\/|$)/i.test("/" + path);

  function add(file, path) {
    if (isHidden(path)) return;
    const to = folder();
    const shown = addRow(path);
    if (file.size > to.room) return end(shown, "is too large for the room that is left", true);
    const upload = new tus.Upload(file, {
      endpoint,
      fingerprint: async () => ["tintd", to.path, path, file.size, file.lastModified].join("|"),
      metadata: { filename: file.name, relativePath: path, folder: to.path },
      retryDelays: [0, 1000, 3000, 5000, 10000],
      chunkSize: 64 * 1024 * 1024,
      removeFingerprintOnSuccess: true,
      onProgress: (sent, all) => {
        shown.bar.value = all ? sent / all : 1;
        shown.said.textContent = Math.floor(shown.bar.value * 100) + "%";
      },
      onError: (error) => { running -= 1; end(shown, reasonOf(error), true); next(); },
      onSuccess: () => { running -= 1; shown.bar.value = 1; end(shown, "uploaded", false); next(); },
    });
    shown.stop.addEventListener("click", () => {
      const place = waiting.indexOf(start);
      if (place >= 0) waiting.splice(place, 1);
      else running -= 1;
      upload.abort(true).catch(() => {});
      end(shown, "cancelled", false);
      next();
    });
    const start = () => upload.findPreviousUploads().then((before) => {
      if (before.length) upload.resumeFromPreviousUpload(before[0]);
      upload.start();
    });
    waiting.push(start);
    next();
  }

  function next() {
    while (running < 3 && waiting.length) {
      running += 1;
      waiting.shift()();
    }
  }

  async function walk(entry, path) {
    try {
      if (entry.isFile) {
        add(await new Promise((done, failed) => entry.file(done, failed)), path + entry.name);
        return;
      }
      const reader = entry.createReader();
      for (;;) {
        const entries = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!entries.length) return;
        for (const inner of entries) await walk(inner, path + entry.name + "/");
      }
    } catch {
      end(addRow(path + entry.name), "cannot be read", true);
    }
  }

  for (const field of [document.getElementById("files"), document.getElementById("tree")]) {
    const take = () => {
      for (const file of field.files) add(file, file.webkitRelativePath || file.name);
      field.value = "";
    };
    field.addEventListener("change", take);
    take(); // what was chosen before this script ran
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    for (const item of event.dataTransfer.items) {
      const entry = item.webkitGetAsEntry();
      const file = entry ? null : item.getAsFile(); // a picture that is dragged out of another page
      if (entry) walk(entry, "");
      else if (file) add(file, file.name);
    }
  });
  window.addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
})();
