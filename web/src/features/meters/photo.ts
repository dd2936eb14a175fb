const SIDE_MAX = 1600;
const QUALITY = 0.82;

/** Return a photo as a JPEG no larger than its figures need: data costs money, and the original may be 10 MB. */
export async function shrink(file: File): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(picture.width * scale);
  canvas.height = Math.ceil(picture.height * scale);
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made === null ? reject(new Error("the photo cannot be read")) : resolve(made)), "image/jpeg", QUALITY);
  });
}
