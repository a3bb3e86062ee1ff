// The library's base class, without what only finds files and remembers them in localStorage.
declare module "tus-js-client/lib/upload.js" {
  import type { Upload, UploadOptions } from "tus-js-client";
  const BaseUpload: {
    new (file: object, options: UploadOptions): Upload;
    defaultOptions: UploadOptions;
  };
  export default BaseUpload;
}

declare module "*.css";
