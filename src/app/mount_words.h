// The arguments of `isojoule twin mount`, of the program that serves the tree and of the core,
// which starts it and has them in its pages.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace isojoule {

struct MountWords {
  std::string board, folder, release, network;
  std::int64_t batch = 1;
  std::uint64_t seed = 1;
  bool own = false;
  bool background = false;
};

inline void add_mount_options(CLI::App& app, MountWords& words) {
  app.add_option("BOARD", words.board, "A board, or BOARD/VARIANT; see 'isojoule list boards'")
      ->required();
  app.add_option("DIR", words.folder, "An empty folder")->required();
  app.add_option("--release", words.release, "L4T release whose nodes it shows; the newest");
  app.add_option("--seed", words.seed, "Of noise and of numbers that differ from boot to boot")
      ->capture_default_str();
  app.add_option(
      "--model", words.network,
      "Keep the board busy with this network of the zoo (or an ONNX file), again and again; see "
      "'isojoule zoo list'");
  app.add_option("--batch", words.batch, "Its batch size")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{4096}))
      ->capture_default_str();
  app.add_flag("--own", words.own, "The files belong to you instead of root");
  app.add_flag("--background", words.background, "Return to the shell once it is mounted");
}

}  // namespace isojoule
