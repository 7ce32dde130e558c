// The core's side of isojoule-figures: a study goes in, figures come out one after the other.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/subprocess.h"

namespace isojoule {

// A figure as it was drawn, or why it was not.
struct FigureParts {
  std::string what;  // JSON: PaperFigure of web/src/paper.ts, without its drawing and numbers
  std::string svg, csv, pdf;
};

// One thread only, as Subprocess.
class FigureStream {
 public:
  // `patience`: how long the program may take for its next word, e.g. for one figure.
  // Errors: unsupported where the program was not built or its libraries are not there.
  static Result<FigureStream> start(const std::string& program, Duration patience);

  // Answers what the program said of the study: JSON. Errors: invalid (no such figure or network,
  // the study's data cannot be read), engine (it crashed), timeout.
  Result<std::string> open(const std::string& options_json, const std::string& study_json);
  // Errors: engine, timeout.
  Result<FigureParts> next();

 private:
  FigureStream(std::unique_ptr<Subprocess> process, std::string program, Duration patience)
      : process_(std::move(process)), program_(std::move(program)), patience_(patience) {}
  Status send_frame(const std::string& frame);
  Result<std::string> receive_frame();
  Result<std::string> receive(std::size_t size);
  Instant deadline() const { return clock_->now() + patience_; }
  Error ended(const Error& error);  // why it said no more

  std::unique_ptr<Subprocess> process_;
  std::string program_;
  Duration patience_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
};

}  // namespace isojoule
