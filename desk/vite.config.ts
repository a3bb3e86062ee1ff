// The desk runs in browsers that operators keep up to date: modules, and what is heavy is loaded
// when a page needs it.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/desk/assets/",
  publicDir: false,
  build: {
    outDir: "../intake/web/assets/desk",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    assetsDir: "",
    manifest: "manifest.json",
    rolldownOptions: {
      input: "src/main.ts",
      output: {
        entryFileNames: "desk-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
