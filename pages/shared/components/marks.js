// Marks drawn straight into the pixels of an image: tens of thousands of them in a few milliseconds.

/** The pixels that a mark covers, and how much of each (0 to 256), for four places within a pixel. */
function stamps(shape, radius, width) {
  const inside = {
    disc: (x, y) => x * x + y * y <= radius * radius,
    cross: (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= radius && Math.abs(Math.abs(x) - Math.abs(y)) <= 0.3 * radius,
  }[shape];
  const reach = Math.ceil(radius) + 1, parts = 4;
  return [0, 1, 2, 3].map((place) => {
    const [across, down] = [(place & 1) / 2, (place >> 1) / 2], at = [], cover = [];
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        let count = 0;
        for (let i = 0; i < parts * parts; i++) {
          const x = dx + ((i % parts) + 0.5) / parts - 0.5 - across, y = dy + (Math.floor(i / parts) + 0.5) / parts - 0.5 - down;
          if (inside(x, y)) count++;
        }
        if (count) at.push(dy * width + dx), cover.push((256 * count) / (parts * parts));
      }
    }
    return { at: Int32Array.from(at), cover: Uint16Array.from(cover) };
  });
}

/** A colour #rrggbb as one pixel. */
const pixel = (colour) => {
  const [red, green, blue] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
};

/** An image to draw marks into. Lengths are in pixels of the page, `ratio` of the screen's to each. */
class Marks {
  constructor(canvas) {
    this.context = canvas.getContext("2d", { alpha: false });
    this.kept = new Map();
  }

  size(width, height, ratio) {
    const { canvas } = this.context;
    [this.width, this.height, this.ratio] = [Math.round(width * ratio), Math.round(height * ratio), ratio];
    [canvas.width, canvas.height] = [this.width, this.height];
    this.image = this.context.createImageData(this.width, this.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.kept.clear();
  }

  begin(paper) {
    this.pixels.fill(paper);
  }

  /** How to draw one kind of mark. */
  kind(shape, radius) {
    const name = `${shape}${radius}`;
    if (!this.kept.has(name)) this.kept.set(name, stamps(shape, radius * this.ratio, this.width));
    return this.kept.get(name);
  }

  /** Draw a mark; it must lie within the image with all its pixels. Opacity is 0 to 256. */
  add(kind, x, y, colour, opacity) {
    const { pixels } = this, across = Math.round(2 * x * this.ratio), down = Math.round(2 * y * this.ratio);
    const { at, cover } = kind[(across & 1) | ((down & 1) << 1)];
    const middle = (down >> 1) * this.width + (across >> 1), redBlue = colour & 0xff00ff, green = colour & 0xff00;
    for (let k = 0; k < at.length; k++) {
      const share = (cover[k] * opacity) >> 8, i = middle + at[k], below = pixels[i];
      const rb = below & 0xff00ff, g = below & 0xff00;
      pixels[i] = 0xff000000 | ((rb + (Math.imul(redBlue - rb, share) >>> 8)) & 0xff00ff) | ((g + (Math.imul(green - g, share) >>> 8)) & 0xff00);
    }
  }

  end() {
    this.context.putImageData(this.image, 0, 0);
  }
}
