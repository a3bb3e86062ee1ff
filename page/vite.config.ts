// Two builds, `vite build` for the page and `vite build --mode worker` for its service worker:
// classic scripts both, because browsers as old as Chrome 49 and iOS 11 know no modules.
import { parse } from "acorn";
import { defineConfig, type Plugin } from "vite";

const OLDEST = ["chrome49", "safari11", "ios11"];

function oldBrowsersCanReadIt(): Plugin {
  return {
    name: "old-browsers-can-read-it",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") parse(file.code, { ecmaVersion: 2015, sourceType: "script" });
      }
    },
  };
}

export default defineConfig(({ mode }) => {
  const worker = mode === "worker";
  return {
    base: "/page/",
    publicDir: worker ? false : "public",
    plugins: [oldBrowsersCanReadIt()],
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: "../intake/web/assets/page",
      emptyOutDir: !worker,
      target: ["es2015", ...OLDEST],
      cssTarget: OLDEST,
      modulePreload: false,
      assetsInlineLimit: 0,
      cssCodeSplit: false, // or a classic script would carry the styles and the page flash
      assetsDir: "",
      manifest: worker ? false : "manifest.json",
      rolldownOptions: {
        input: worker ? "src/service_worker.ts" : "src/main.ts",
        output: {
          format: "iife",
          entryFileNames: worker ? "sw.js" : "main-[hash].js",
          assetFileNames: "[name]-[hash][extname]",
        },
      },
    },
  };
});
