// Every setting once, in an order that the seed alone decides: what a search has to beat.
#include "optimise/plain_search.h"

namespace isojoule {
namespace {

class RandomSearch final : public PlainSearch {
 public:
  using PlainSearch::PlainSearch;

 private:
  std::optional<Question> do_next() override {
    const auto point = fresh();
    if (!point) return {};
    return Question{*point, "drawn at random"};
  }
};

}  // namespace

const OptimiserKind& optimiser_kind_random() {
  static const OptimiserKind kind = {
      "random", "every setting once, in random order",
      "J. Bergstra, Y. Bengio, J. Machine Learning Research 13 (2012) 281",
      make_plain<RandomSearch>};
  return kind;
}

}  // namespace isojoule
