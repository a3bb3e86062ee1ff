// The library's base class, which does not open files and does not use localStorage.
declare module "tus-js-client/lib/upload.js" {
  import type { Upload, UploadOptions } from "tus-js-client";
  const BaseUpload: {
    new (file: object, options: UploadOptions): Upload;
    defaultOptions: UploadOptions;
  };
  export default BaseUpload;
}

declare module "*.css";
