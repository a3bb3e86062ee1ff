// One script tag on any site: <script src="https://…/chat.js" data-language="zh" async></script>
// puts a button at the lower edge; it opens the chat in a frame of its own.

(() => {
  const script = document.currentScript;
  const english = (script.dataset.language || document.documentElement.lang || "zh")
    .toLowerCase().startsWith("en");
  const words = english
    ? { open: "Talk to us", close: "Close", title: "Huying: talk to us" }
    : { open: "找人帮忙", close: "关闭", title: "呼应：找人帮忙" };
  const address = new URL("chat", script.src);
  address.search = `lang=${english ? "en" : "zh"}`;

  const style = (element, rules) => Object.assign(element.style, rules);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = script.dataset.label || words.open;
  button.setAttribute("aria-expanded", "false");
  style(button, {
    position: "fixed", right: "16px", bottom: "16px", zIndex: "2147483001", minHeight: "64px",
    minWidth: "64px", padding: "8px 22px", border: "2px solid #fff", borderRadius: "16px",
    font: "700 22px/1.3 system-ui, sans-serif", color: "#fff", background: "#0b4f8a",
    cursor: "pointer",
  });
  let frame = null;

  function open() {
    if (!frame) {
      frame = document.createElement("iframe");
      frame.title = words.title;
      frame.allow = "microphone";
      frame.src = address.href;
      style(frame, {
        position: "fixed", right: "0", bottom: "96px", zIndex: "2147483000", border: "0",
        width: "min(100vw, 440px)", height: "min(100vh - 96px, 760px)", background: "#fff",
        boxShadow: "0 2px 24px rgba(0, 0, 0, .45)", colorScheme: "light",
      });
      button.before(frame);
    }
    frame.style.display = "block";
    button.textContent = words.close;
    button.setAttribute("aria-expanded", "true");
    frame.focus();
  }

  function close() {
    if (frame) frame.style.display = "none";
    button.textContent = script.dataset.label || words.open;
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }

  button.onclick = () => (button.getAttribute("aria-expanded") === "true" ? close() : open());
  addEventListener("message", (event) => {
    if (frame && event.source === frame.contentWindow && event.data === "huying.close") close();
  });
  const start = () => document.body.append(button);
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
