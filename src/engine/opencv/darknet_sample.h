// A small network in Darknet's own files, of the layers that YOLOv4-tiny has: convolutions with and
// without batch normalisation, pooling, routes with groups, upsampling, two yolo heads. Weights are
// random, seeded.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/random.h"

namespace isojoule {

class DarknetSample {
 public:
  static constexpr int kSize = 64;  // of the picture
  static constexpr int kClasses = 3;
  static constexpr int kPerBox = 5 + kClasses;
  // Boxes of the two heads: three on each cell of kSize / 16 and kSize / 8.
  static constexpr int kCoarseBoxes = 3 * (kSize / 16) * (kSize / 16);
  static constexpr int kFineBoxes = 3 * (kSize / 8) * (kSize / 8);

  explicit DarknetSample(std::uint64_t seed = 1) : random_(seed) {
    structure_ =
        "# a comment\n[net]\nbatch=64\nsubdivisions=1\nwidth=64\nheight = 64\nchannels=3\n\n";
    header();
    convolution(3, 8, 3, 2);                                // 0: 32 x 32
    convolution(8, 16, 3, 2);                               // 1: 16 x 16
    section("route", "layers=-1\ngroups=2\ngroup_id=1\n");  // 2: 8 channels
    convolution(8, 8, 3, 1);                                // 3
    section("route", "layers=-1,-3\n");                     // 4: 8 + 16 channels
    section("maxpool", "size=2\nstride=2\n");               // 5: 8 x 8
    convolution(24, 16, 3, 1);                              // 6
    section("maxpool", "size=2\nstride=2\n");               // 7: 4 x 4
    convolution(16, 16, 1, 1);                              // 8
    head(16, "3,4,5", 16);                                  // 9, 10
    section("route", "layers=-3\n");                        // 11
    section("upsample", "stride=2\n");                      // 12: 8 x 8
    section("route", "layers=-1,6\n");                      // 13: 32 channels
    head(32, "0,1,2", 8);                                   // 14, 15
  }
  const std::string& structure() const { return structure_; }
  const std::string& weights() const { return weights_; }

 private:
  void section(const std::string& name, const std::string& text) {
    structure_ += "[" + name + "]\n" + text + "\n";
  }
  void header() {
    const std::int32_t version[3] = {0, 2, 5};
    const std::int64_t seen = 0;
    append(version, sizeof(version));
    append(&seen, sizeof(seen));
  }
  void append(const void* bytes, std::size_t count) {
    weights_.append(static_cast<const char*>(bytes), count);
  }
  void number(double value) {
    const auto small = static_cast<float>(value);
    append(&small, sizeof(small));
  }
  // Darknet's order: bias, then scale, mean and variance of the normalisation, then the kernels.
  void convolution(int from, int to, int size, int stride) {
    section("convolutional",
            "batch_normalize=1\nfilters=" + std::to_string(to) + "\nsize=" + std::to_string(size) +
                "\nstride=" + std::to_string(stride) + "\npad=1\nactivation=leaky\n");
    for (int i = 0; i < to; ++i) number(0.1 * random_.normal());
    for (int i = 0; i < to; ++i) number(1 + 0.1 * random_.normal());
    for (int i = 0; i < to; ++i) number(0.1 * random_.normal());
    for (int i = 0; i < to; ++i) number(0.5 + random_.uniform());
    kernels(from * to * size * size, from * size * size);
  }
  void kernels(int count, int fan_in) {
    const double scale = std::sqrt(2.0 / fan_in);
    for (int i = 0; i < count; ++i) number(scale * random_.normal());
  }
  void head(int from, const std::string& mask, int stride) {
    const int to = 3 * kPerBox;
    section("convolutional",
            "filters=" + std::to_string(to) + "\nsize=1\nstride=1\npad=1\nactivation=linear\n");
    for (int i = 0; i < to; ++i) number(0.1 * random_.normal());
    kernels(from * to, from);
    section("yolo", "mask=" + mask +
                        "\nanchors=10,14, 23,27, 37,58, 81,82, 135,169, 344,319\nclasses=" +
                        std::to_string(kClasses) + "\nnum=6\nscale_x_y=1.05\n# stride " +
                        std::to_string(stride) + "\n");
  }

  Random random_;
  std::string structure_, weights_;
};

}  // namespace isojoule
