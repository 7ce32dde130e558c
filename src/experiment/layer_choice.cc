// Which layers an experiment measures. Sizes fill their space evenly: of each kind the work
// (multiply-accumulates, or numbers where there are none) is spread evenly over its logarithm, one
// layer a stratum, and the numbers of kernels and places likewise, each shuffled against the
// others (a Latin hypercube: McKay, Beckman, Conover, Technometrics 21, 1979). What is left over,
// the channels, follows from the work.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "experiment/layer_study.h"

namespace isojoule {
namespace {

constexpr double kMostWeights = 64e6 / 4;  // numbers: 64 MB
constexpr int kTries = 400;                // until a layer has the work that is wanted
constexpr double kNearEnough = 0.35;       // of the work's natural logarithm

struct WorkRange {
  double least, most;
};
// Of multiply-accumulates; of a fully connected layer they are its weights, so the most is less.
constexpr WorkRange kConvolutionWork = {1e5, 5e9};
constexpr WorkRange kDepthwiseWork = {1e5, 3e8};
constexpr WorkRange kConnectedWork = {1e5, 1.5e7};
constexpr WorkRange kFirstOfSequenceWork = {1e6, 5e8};
constexpr WorkRange kOtherNumbers = {1e3, 3e6};  // numbers that go in

struct Share {
  std::string_view kind;
  double share;  // of the count
};
constexpr Share kCounted[] = {{"conv", 0.6}, {"fc", 0.25}, {"dwconv", 0.15}};

// What follows the first convolution of a sequence.
const std::vector<std::vector<std::string>> kSequences = {
    {"relu"},         {"bn", "relu"},           {"conv"},
    {"relu", "conv"}, {"relu", "maxpool"},      {"relu", "dwconv", "conv"},
    {"gap", "fc"},    {"relu", "conv", "relu"}, {"dwconv", "conv"}};

double between(double position, double least, double most) {  // evenly in the logarithm
  return least * std::pow(most / least, position);
}

std::int64_t whole(double value) { return std::max<std::int64_t>(1, std::llround(value)); }

// Places of one dimension's strata, shuffled.
class Strata {
 public:
  Strata(std::int64_t count, Random& random) : random_(random) {
    for (std::int64_t i = 0; i < count; ++i) order_.push_back(i);
    random_.shuffle(order_);
  }
  double at(std::int64_t i) {
    return (static_cast<double>(order_[static_cast<std::size_t>(i)]) + random_.uniform()) /
           static_cast<double>(order_.size());
  }

 private:
  Random& random_;
  std::vector<std::int64_t> order_;
};

class LayerChooser {
 public:
  explicit LayerChooser(const LayerStudyOptions& options)
      : options_(options), random_(seed_for(options.seed, "layers")) {}

  Result<std::map<std::string, LayerNetworks>> choose() {
    ISOJOULE_CHECK(check_options());
    if (wants("sequence")) add_sequences();
    double shares = 0;
    for (const Share& each : kCounted) shares += wants(each.kind) ? each.share : 0;
    std::int64_t left = options_.count;
    for (const Share& each : kCounted) {
      if (!wants(each.kind)) continue;
      const std::int64_t wanted = std::min<std::int64_t>(
          left, std::llround(std::ceil(double(options_.count) * each.share / shares)));
      left -= wanted;
      ISOJOULE_CHECK(fill(std::string(each.kind), wanted));
    }
    const std::int64_t few = std::max<std::int64_t>(4, options_.count / 40);
    for (const LayerKind& kind : layer_kinds())
      if (wants(kind.name) && !is_counted(kind.name) && kind.name != "identity")
        ISOJOULE_CHECK(fill(std::string(kind.name), few));
    ISOJOULE_TRY(const LayerSpec nothing, layer_of("identity", {{'c', 1}, {'h', 1}}));
    take({nothing});
    return std::move(chosen_);
  }

 private:
  static bool is_counted(std::string_view kind) {
    return std::any_of(std::begin(kCounted), std::end(kCounted),
                       [&](const Share& each) { return each.kind == kind; });
  }

  bool wants(std::string_view kind) const {
    const auto& kinds = options_.kinds;
    return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }

  Status check_options() const {
    if (options_.count < 1 || options_.count > 5000)
      return fail(ErrorKind::out_of_range,
                  "a study of " + std::to_string(options_.count) + " layers",
                  "Give a count from 1 to 5000");
    std::vector<std::string> known = {"sequence"};
    for (const LayerKind& kind : layer_kinds()) known.emplace_back(kind.name);
    for (const std::string& kind : options_.kinds)
      if (std::find(known.begin(), known.end(), kind) == known.end())
        return fail(ErrorKind::invalid, "no kind of layer is '" + kind + "'",
                    unknown_name_remedy(kind, known));
    return {};
  }

  // ---- what is taken ----

  bool is_possible(const LayerSpec& layer) const {
    std::int64_t batch = 1;
    for (const std::int64_t each : options_.batches) batch = std::max(batch, each);
    const auto weights = static_cast<double>(layer.parameters());
    const double numbers =
        weights + static_cast<double>(layer.activations()) * static_cast<double>(batch);
    return weights <= kMostWeights && numbers * 4e-6 <= options_.memory_limit_mb &&
           static_cast<double>(layer.macs()) <= kConvolutionWork.most;
  }

  bool take(const std::vector<LayerSpec>& layers) {
    if (!names_.insert(name_of(layers)).second) return false;
    const std::string kind = layers.size() > 1 ? "sequence" : std::string(layers[0].kind().name);
    chosen_[kind].push_back(layers);
    return true;
  }

  std::int64_t taken(const std::string& kind) const {
    const auto found = chosen_.find(kind);
    return found == chosen_.end() ? 0 : std::ssize(found->second);
  }

  // What sequences brought is counted in.
  Status fill(const std::string& kind, std::int64_t wanted) {
    const std::int64_t missing = wanted - taken(kind);
    if (missing <= 0) return {};
    Strata work(missing, random_), kernels(missing, random_), places(missing, random_);
    for (std::int64_t i = 0; i < missing; ++i)
      fill_one(kind, work.at(i), kernels.at(i), places.at(i));
    // A stratum may hold no layer that the limits allow; the study needs no full set. The last one
    // missing beside those of sequences must not decide.
    if (2 * taken(kind) >= wanted) return {};
    return fail(ErrorKind::out_of_range,
                "only " + std::to_string(taken(kind)) + " of " + std::to_string(wanted) +
                    " different layers of kind " + kind + " are within the limits",
                "Allow more memory, smaller batches, or ask for fewer layers");
  }

  void fill_one(const std::string& kind, double work, double kernels, double places) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const auto layer = draw(kind, work, kernels, places);
      if (layer && is_possible(*layer) && take({*layer})) return;
      kernels = random_.uniform();
      places = random_.uniform();
    }
  }

  // ---- single layers ----

  Result<LayerSpec> draw(const std::string& kind, double work, double kernels, double places) {
    if (kind == "conv") return convolution(kConvolutionWork, work, kernels, places);
    if (kind == "dwconv") return depthwise(work, kernels);
    if (kind == "fc") return connected(work, kernels);
    if (kind == "matmul") return product(work, kernels);
    if (kind == "softmax" || kind == "layernorm" || kind == "gelu")
      return rows(kind, work, kernels);
    return image(kind, work, places);
  }

  tl::unexpected<Error> too_far() const { return fail(ErrorKind::out_of_range, "not that work"); }

  Result<LayerSpec> near(Result<LayerSpec> layer, double wanted) const {
    if (!layer) return layer;
    const double macs = static_cast<double>(layer->macs());
    if (std::abs(std::log(macs / wanted)) > kNearEnough) return too_far();
    return layer;
  }

  std::int64_t pick(const std::vector<std::int64_t>& values) {
    return values[random_.below(values.size())];
  }
  std::int64_t stride() { return pick({1, 1, 1, 2}); }

  // Half of them as published networks have it, half of any size.
  std::int64_t height(double position) {
    const std::int64_t any = whole(between(position, 7, 224));
    if (random_.below(2) == 0) return any;
    std::int64_t usual = 7;
    while (usual < 224 && static_cast<double>(usual) * 1.42 < static_cast<double>(any)) usual *= 2;
    return usual;
  }

  // A third in eights; all others as they come, since what an engine pads shows between them.
  std::int64_t kernel_count(double position) {
    const std::int64_t any = whole(between(position, 4, 1024));
    return random_.below(3) == 0 ? (any + 7) / 8 * 8 : any;
  }

  Result<LayerSpec> convolution(const WorkRange& range, double work, double kernels,
                                double places) {
    const double wanted = between(work, range.least, range.most);
    const std::int64_t n = kernel_count(kernels), h = height(places), s = stride();
    const std::int64_t k = pick({1, 1, 1, 3, 3, 3, 5, 7}), out = (h + s - 1) / s;
    const double a_channel = static_cast<double>(out * out * n * k * k);
    const std::int64_t c = whole(wanted / a_channel);
    if (c < 3 || c > 1024) return too_far();
    return near(layer_of("conv", {{'c', c}, {'n', n}, {'k', k}, {'s', s}, {'h', h}}), wanted);
  }

  Result<LayerSpec> depthwise(double work, double channels) {
    const double wanted = between(work, kDepthwiseWork.least, kDepthwiseWork.most);
    const std::int64_t c = whole(between(channels, 8, 1536)), k = pick({3, 3, 3, 5, 5, 7});
    const std::int64_t s = stride();
    const double places = wanted / static_cast<double>(c * k * k);
    const std::int64_t h = whole(std::sqrt(places)) * s;
    if (h < 4 || h > 320) return too_far();
    return near(layer_of("dwconv", {{'c', c}, {'k', k}, {'s', s}, {'h', h}}), wanted);
  }

  Result<LayerSpec> connected(double work, double inputs) {
    const double wanted = between(work, kConnectedWork.least, kConnectedWork.most);
    const std::int64_t i = whole(between(inputs, 32, 16384));
    const std::int64_t o = whole(wanted / static_cast<double>(i));
    if (o < 8 || o > 16384) return too_far();
    return near(layer_of("fc", {{'i', i}, {'o', o}}), wanted);
  }

  Result<LayerSpec> product(double work, double depth) {
    const double wanted = between(work, 1e5, 5e8);
    const std::int64_t b = pick({1, 1, 2, 8, 12}), k = whole(between(depth, 16, 512));
    const double places = wanted / static_cast<double>(b * k);
    const std::int64_t m = whole(std::sqrt(places) * between(random_.uniform(), 0.5, 2));
    const std::int64_t n = whole(places / static_cast<double>(m));
    if (m < 8 || m > 2048 || n < 8 || n > 2048) return too_far();
    return near(layer_of("matmul", {{'m', m}, {'k', k}, {'n', n}, {'b', b}}), wanted);
  }

  Result<LayerSpec> rows(const std::string& kind, double work, double width) {
    const double numbers = between(work, kOtherNumbers.least, kOtherNumbers.most);
    const std::int64_t b = kind == "softmax" ? pick({1, 2, 12}) : 1;
    const std::int64_t n = whole(between(width, 32, 2048));
    const std::int64_t m = whole(numbers / static_cast<double>(n * b));
    if (m > 4096) return too_far();
    return layer_of(kind, {{'m', m}, {'n', n}, {'b', b}});
  }

  Result<LayerSpec> image(const std::string& kind, double work, double places) {
    const double numbers = between(work, kOtherNumbers.least, kOtherNumbers.most);
    const std::int64_t h = kind == "gap" ? whole(between(places, 4, 32)) : height(places);
    const std::int64_t c = whole(numbers / static_cast<double>(h * h));
    if (c > 2048) return too_far();
    std::vector<LayerSize> sizes = {{'c', c}, {'h', h}};
    if (kind == "maxpool" || kind == "avgpool") {
      const std::int64_t s = pick({1, 2, 2});
      sizes.push_back({'k', s == 1 ? 3 : pick({2, 3})});
      sizes.push_back({'s', s});
    }
    return layer_of(kind, sizes);
  }

  // ---- several in a row ----

  // Each part is measured alone as well, so that the sum needs no model.
  void add_sequences() {
    std::vector<std::vector<std::string>> possible;
    for (const auto& followers : kSequences)
      if (std::all_of(followers.begin(), followers.end(),
                      [&](const std::string& kind) { return wants(kind); }))
        possible.push_back(followers);
    if (possible.empty() || !wants("conv")) return;
    const std::int64_t wanted = std::max<std::int64_t>(6, options_.count * 3 / 20);
    Strata work(wanted, random_), kernels(wanted, random_), places(wanted, random_);
    for (std::int64_t i = 0; i < wanted; ++i) {
      const auto& followers = possible[static_cast<std::size_t>(i) % possible.size()];
      for (int attempt = 0; attempt < kTries; ++attempt)
        if (add_sequence(followers, work.at(i), kernels.at(i), places.at(i))) break;
    }
  }

  bool add_sequence(const std::vector<std::string>& followers, double work, double kernels,
                    double places) {
    const auto first = convolution(kFirstOfSequenceWork, work, kernels, places);
    if (!first) return false;
    std::vector<LayerSpec> layers = {*first};
    for (const std::string& kind : followers) {
      const auto next = follower(kind, layers.back());
      if (!next) return false;
      layers.push_back(*next);
    }
    if (!std::all_of(layers.begin(), layers.end(),
                     [&](const LayerSpec& layer) { return is_possible(layer); }) ||
        !take(layers))
      return false;
    for (const LayerSpec& layer : layers) take({layer});
    return true;
  }

  Result<LayerSpec> follower(const std::string& kind, const LayerSpec& before) {
    const std::vector<std::int64_t> shape = before.output();
    const std::int64_t c = shape[0], h = shape[1];
    if (kind == "fc") return layer_of(kind, {{'i', c * h * h}, {'o', 10 + pick({0, 90, 990})}});
    if (kind == "maxpool") return layer_of(kind, {{'c', c}, {'k', 2}, {'s', 2}, {'h', h}});
    if (kind == "dwconv")
      return layer_of(kind, {{'c', c}, {'k', pick({3, 5})}, {'s', pick({1, 2})}, {'h', h}});
    if (kind != "conv") return layer_of(kind, {{'c', c}, {'h', h}});
    const std::int64_t n = kernel_count(random_.uniform());
    return layer_of(kind, {{'c', c}, {'n', n}, {'k', pick({1, 3})}, {'s', pick({1, 2})}, {'h', h}});
  }

  const LayerStudyOptions& options_;
  Random random_;
  std::map<std::string, LayerNetworks> chosen_;
  std::set<std::string> names_;
};

}  // namespace

Result<std::map<std::string, LayerNetworks>> choose_layers(const LayerStudyOptions& options) {
  return LayerChooser(options).choose();
}

}  // namespace isojoule
