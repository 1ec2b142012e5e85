# Makes the JPEG files of this folder, and beside each the PNG of what PIL
# decodes from it. Made with Pillow 9.4.0, libjpeg-turbo 2.1.5.
import os
from PIL import Image

FOLDER = os.path.dirname(os.path.abspath(__file__))


def picture(w, h):
    """A smooth gradient, on it a ring and bars with sharp edges of colour."""
    img = Image.new("RGB", (w, h))
    for y in range(h):
        for x in range(w):
            c = (255 * x // w, 255 * y // h, 255 - 255 * (x + y) // (w + h))
            if 25 < (x - w // 2) ** 2 + (y - h // 2) ** 2 < 64:
                c = (255, 0, 0)
            elif x // 3 % 4 == 0 and y > h // 2:
                c = (0, 0, 255) if y % 2 else (0, 255, 0)
            img.putpixel((x, y), c)
    return img


def decoded(name):
    with Image.open(os.path.join(FOLDER, name + ".jpg")) as img:
        img.convert("RGB").save(os.path.join(FOLDER, name + ".png"), optimize=True)


for name, size, subsampling in [("420-even", (32, 24), 2), ("420-odd", (37, 23), 2), ("420-narrow", (4, 9), 2),
                                ("422-even", (32, 24), 1), ("422-odd", (37, 23), 1)]:
    picture(*size).save(os.path.join(FOLDER, name + ".jpg"), quality=90, subsampling=subsampling)
    decoded(name)

# PIL writes no 4:4:0, so a 4:2:2 gets its header: the blocks lie elsewhere, the file is valid.
path = os.path.join(FOLDER, "440.jpg")
picture(32, 32).save(path, quality=90, subsampling=1)
with open(path, "rb") as f:
    content = bytearray(f.read())
factors = content.index(b"\xff\xc0") + 11
assert content[factors] == 0x21
content[factors] = 0x12
with open(path, "wb") as f:
    f.write(content)
decoded("440")
