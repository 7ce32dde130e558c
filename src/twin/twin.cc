#include "twin/twin.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/text_file.h"
#include "cost/cost.h"
#include "twin/board_shape.h"
#include "twin/board_tree.h"
#include "twin/constants.h"
#include "twin/silicon.h"
#include "twin/simulation.h"
#include "twin/twin_engine.h"
#include "twin/variant.h"
#include "twin/virtual_clock.h"

namespace isojoule {
namespace {

using namespace isojoule::twin;  // NOLINT: the parts of one twin

// The board has been up for this long when the twin is handed out, so that the power chips have
// whole windows behind them.
constexpr Duration kUptime = Duration::milliseconds(2000);

class SimulatedTwin final : public Twin {
 public:
  SimulatedTwin(Constants constants, const TwinOptions& options)
      : constants_(std::move(constants)),
        simulation_(constants_, options.seed, options.noise),
        clock_(simulation_, options.pace),
        engine_(simulation_, clock_, constants_, network_cost) {
    simulation_.advance_to(simulation_.now() + kUptime);
  }
  Status add_tree(const BoardShape& shape, const TwinOptions& options) {
    ISOJOULE_TRY(tree_,
                 BoardTree::make(shape, constants_, simulation_,
                                 {options.seed, options.noise, options.root, options.silicon}));
    return {};
  }

 private:
  MemoryTree& do_tree() override { return tree_->tree(); }
  Clock& do_clock() override { return clock_; }
  Engine& do_engine() override { return engine_; }
  void do_begin_run(std::uint64_t seed) override {
    simulation_.begin_run(seed);
    tree_->begin_run(seed);
  }
  Result<Joule> do_true_energy(const std::string& rail) const override {
    const auto& rails = constants_.rails;
    const auto found = std::find(rails.begin(), rails.end(), rail);
    if (found == rails.end())
      return fail(ErrorKind::not_found, "the twin has no rail '" + rail + "'",
                  unknown_name_remedy(rail, rails));
    return simulation_.rail_energy(static_cast<std::size_t>(found - rails.begin()),
                                   simulation_.now());
  }

  Constants constants_;
  Simulation simulation_;
  VirtualClock clock_;
  TwinEngine engine_;
  std::unique_ptr<BoardTree> tree_;
};

// The file of a board that can be simulated; another one lacks it.
Result<std::string> twin_file(const std::string& path) {
  auto text = read_text_file(path);
  if (!text && text.error().kind == ErrorKind::not_found)
    text.error().remedy = "This board cannot be simulated yet: it needs twin.toml and tree.toml";
  return text;
}

// A variant may be named by any of the board's three files: another module with the same nodes is
// in board.toml only.
Status check_variant(const BoardFile& board, const std::string& physics, const std::string& nodes,
                     const std::string& variant) {
  if (variant.empty()) return {};
  std::set<std::string> known = variants_in(physics);
  known.merge(variants_in(nodes));
  for (const BoardVariant& one : board.variants) known.insert(one.name);
  if (known.contains(variant)) return {};
  const std::vector<std::string> names(known.begin(), known.end());
  return fail(ErrorKind::out_of_range,
              "board '" + board.name + "' has no variant '" + variant + "'",
              names.empty() ? "This board has no variants" : "Known: " + join(names, ", "));
}

}  // namespace

Result<std::unique_ptr<Twin>> make_twin(const BoardFile& board, const TwinOptions& options) {
  const std::string constants_path = board.directory + "/twin.toml";
  ISOJOULE_TRY(const std::string text, twin_file(constants_path));
  const std::string tree_path = board.directory + "/tree.toml";
  ISOJOULE_TRY(const std::string nodes, twin_file(tree_path));
  ISOJOULE_CHECK(check_variant(board, text, nodes, options.variant));
  ISOJOULE_TRY(Constants constants, parse_constants(text, constants_path, options.variant));
  if (options.silicon > 0) apply(silicon_of(options.silicon), constants);
  const std::string newest = board.releases.empty() ? "" : board.releases.back().name;
  ISOJOULE_TRY(const BoardShape shape,
               parse_shape(nodes, tree_path, options.release.empty() ? newest : options.release,
                           options.variant));
  auto made = std::make_unique<SimulatedTwin>(std::move(constants), options);
  ISOJOULE_CHECK(made->add_tree(shape, options));
  return made;
}

}  // namespace isojoule
