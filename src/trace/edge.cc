#include "trace/edge.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace isojoule {
namespace {

// Uniform over a width of 1.
const double kUniform = 1 / std::sqrt(12.0);

// The cells in the order of time, or against it, so that an end is a begin.
class View {
 public:
  View(const Cells& cells, bool reversed, std::size_t inside, std::size_t inside_end)
      : cells_(cells),
        reversed_(reversed),
        inside_(reversed ? cells.size() - inside_end : inside),
        inside_end_(reversed ? cells.size() - inside : inside_end) {}
  bool counts() const { return !cells_.widths_s.empty(); }
  std::size_t inside() const { return inside_; }
  std::size_t inside_end() const { return inside_end_; }
  double centre(std::size_t i) const { return sign() * cells_.centre_s[at(i)]; }
  double power(std::size_t i) const { return cells_.power_w[at(i)]; }
  double width(std::size_t i) const { return cells_.width(at(i)); }
  double begin(std::size_t i) const { return centre(i) - width(i) / 2; }
  double end(std::size_t i) const { return centre(i) + width(i) / 2; }

 private:
  double sign() const { return reversed_ ? -1 : 1; }
  std::size_t at(std::size_t i) const { return reversed_ ? cells_.size() - 1 - i : i; }
  const Cells& cells_;
  bool reversed_;
  std::size_t inside_, inside_end_;
};

double straight(const View& view, std::size_t from, std::size_t to) {  // between two centres
  double joules = 0;
  for (std::size_t i = from; i < to; ++i)
    if (view.counts())
      joules += (view.power(i) * view.width(i) + view.power(i + 1) * view.width(i + 1)) / 2;
    else
      joules += (view.power(i) + view.power(i + 1)) / 2 * (view.centre(i + 1) - view.centre(i));
  return joules;
}

// Straight lines between the centres; before the first one power is held.
EdgeEnergy by_line(const View& view, double edge) {
  const std::size_t k = view.inside();
  const double length = view.centre(k) - edge;
  if (k > 0 && view.counts()) {  // counted is counted: the cells themselves, cut at the edge
    const double own = std::min(length, view.width(k) / 2);
    return {view.power(k) * own + view.power(k - 1) * (length - own), 0};
  }
  if (k == 0) {
    // Within the first reading's own window it is known as well as any; before, it is a guess.
    const double guessed = std::max(0.0, view.begin(k) - edge);
    return {view.power(k) * length, std::abs(view.power(k)) * guessed * kUniform};
  }
  const double share = length / (view.centre(k) - view.centre(k - 1));
  const double at_edge = view.power(k) + share * (view.power(k - 1) - view.power(k));
  return {(at_edge + view.power(k)) / 2 * length, 0};
}

// The nearest cells that lie wholly outside and wholly inside, where there are such.
struct Sides {
  std::size_t out, in;
};
std::optional<Sides> sides(const View& view, double edge) {
  const double tiny = 1e-9;
  std::size_t in = view.inside(), out = view.inside();
  while (in < view.inside_end() && view.begin(in) < edge - tiny) ++in;
  while (out > 0 && view.end(out - 1) > edge + tiny) --out;
  if (in == view.inside_end() || out == 0) return std::nullopt;
  return Sides{out - 1, in};
}

// How much power changes from cell to cell beside the edge, without crossing it: mean square over
// the inside and the outside, for the distance of two cells that share no time.
double change_beside(const View& view, const Sides& sides) {
  double square = 0;
  int count = 0;
  const auto add = [&](std::size_t a, std::size_t b) {
    const double change = view.power(a) - view.power(b);
    square += change * change;
    ++count;
  };
  std::size_t next = sides.in + 1;
  while (next < view.inside_end() && view.begin(next) < view.end(sides.in)) ++next;
  if (next < view.inside_end()) add(next, sides.in);
  std::size_t before = sides.out;
  while (before > 0 && view.end(before - 1) > view.begin(sides.out)) --before;
  if (before > 0) add(before - 1, sides.out);
  return count == 0 ? 0 : square / count;
}

// A step at the edge: the inside power from there on, and the share inside of what a reading across
// the edge has beyond its two parts.
double by_step(const View& view, double edge, const Sides& sides) {
  double joules = view.power(sides.in) * (view.centre(sides.in) - edge) -
                  straight(view, view.inside(), sides.in);
  if (sides.in - sides.out == 2) {
    const std::size_t across = sides.out + 1;
    const double width = view.width(across);
    if (width > 0) {
      const double inside = std::clamp((view.end(across) - edge) / width, 0.0, 1.0);
      const double beyond =
          view.power(across) - (1 - inside) * view.power(sides.out) - inside * view.power(sides.in);
      joules += inside * width * beyond;
    }
  }
  return joules;
}

EdgeEnergy at_edge(const View& view, double edge, double age) {
  EdgeEnergy line = by_line(view, edge);
  const auto found = sides(view, edge);
  if (!found) {
    const std::size_t k = view.inside();
    if (k + 1 < view.inside_end() && k > 0)
      line.uncertainty_j =
          std::hypot(line.uncertainty_j, std::abs(view.power(k) - view.power(k - 1)) *
                                             (view.centre(k) - view.centre(k - 1)) * kUniform);
    return line;
  }
  const double step = by_step(view, edge, *found);
  const double jump = view.power(found->in) - view.power(found->out);
  const double apart = view.centre(found->in) - view.centre(found->out);
  const double one =
      std::max(view.width(found->in), apart / static_cast<double>(found->in - found->out));
  const double per_cell = jump * one / apart;
  const double beside = change_beside(view, *found);
  // Beyond twice the usual change it is a step.
  const double excess = std::max(0.0, per_cell * per_cell - 4 * beside);
  const double belief = excess == 0 ? 0 : excess / (excess + 4 * beside);
  const double differ = std::abs(step - line.energy_j);
  EdgeEnergy edge_energy;
  edge_energy.energy_j = belief * step + (1 - belief) * line.energy_j;
  const double between = differ * std::sqrt(belief * (1 - belief));
  const double anywhere = (1 - belief) * std::abs(jump) * one * kUniform * 0.7;
  // A counter's readings are each dated on their own: what it counted may belong elsewhere.
  const double moved =
      view.counts() ? std::max(std::abs(view.power(found->in)), std::abs(view.power(found->out)))
                    : std::abs(jump);
  const double late = moved * age * kUniform;
  const double rounded = 0.1 * belief * differ;
  edge_energy.uncertainty_j =
      std::sqrt(between * between + anywhere * anywhere + late * late + rounded * rounded +
                line.uncertainty_j * line.uncertainty_j);
  return edge_energy;
}

}  // namespace

EdgeEnergy energy_at_begin(const Cells& cells, double edge_s, double age_s, std::size_t inside,
                           std::size_t inside_end) {
  return at_edge(View(cells, false, inside, inside_end), edge_s, age_s);
}

EdgeEnergy energy_at_end(const Cells& cells, double edge_s, double age_s, std::size_t inside,
                         std::size_t inside_end) {
  return at_edge(View(cells, true, inside, inside_end), -edge_s, age_s);
}

}  // namespace isojoule
