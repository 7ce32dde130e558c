#include "app/figures/figure_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "app/figures/frame.h"

namespace isojoule {
namespace {

constexpr const char* kBuild =
    "Install libjavascriptcoregtk-4.1-dev and librsvg2-dev and build again; or save the figures on "
    "the page, with their SVG buttons: isojoule report FILE -o report.html";
constexpr const char* kInstall =
    "Install libjavascriptcoregtk-4.1-0 and librsvg2-2; or save the figures on the page, with "
    "their "
    "SVG buttons: isojoule report FILE -o report.html";
constexpr const char* kWithout = "Name the figures that you need with --only";
// A program that closed its end says why a moment later.
constexpr Duration kLastWords{2'000'000'000};
constexpr int kNoLibrary = 127;  // ld.so(8): a library that it needs is not there

}  // namespace

Result<FigureStream> FigureStream::start(const std::string& program, Duration patience) {
  if (::access(program.c_str(), X_OK) != 0)
    return fail(ErrorKind::unsupported, "this isojoule was built without figures for papers",
                kBuild, program);
  SubprocessOptions options;
  options.command = {program};
  options.channel = kFigureDescriptor;
  ISOJOULE_TRY(auto process, Subprocess::start(options));
  return FigureStream(std::move(process), program, patience);
}

Error FigureStream::ended(const Error& error) {
  if (error.kind == ErrorKind::timeout) {
    process_->stop({0});
    return {ErrorKind::timeout, "isojoule-figures hung and was ended", program_, kWithout};
  }
  const auto state = process_->wait(clock_->now() + kLastWords);
  const std::string words = process_->last_output_line();
  if (state && !state->by_signal && state->code == kNoLibrary)
    return {ErrorKind::unsupported, "isojoule-figures cannot start: " + words, program_, kInstall};
  const std::string how = state ? to_string(*state) : "it closed its end";
  return {ErrorKind::engine,
          "isojoule-figures ended: " + (words.empty() ? how : words + " (" + how + ")"), program_,
          kWithout};
}

Status FigureStream::send_frame(const std::string& frame) {
  const std::uint64_t size = frame.size();
  std::string head(kFigureFrameHead, '\0');
  std::memcpy(head.data(), &size, sizeof size);
  auto sent = process_->send(head, deadline());
  if (sent) sent = process_->send(frame, deadline());
  if (!sent) return tl::unexpected<Error>(ended(sent.error()));
  return {};
}

Result<std::string> FigureStream::receive(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const auto got = process_->receive(std::span(bytes).subspan(have), deadline());
    if (!got) return tl::unexpected<Error>(ended(got.error()));
    if (*got == 0) return tl::unexpected<Error>(ended(Error{ErrorKind::io, "closed", "", ""}));
    have += *got;
  }
  return bytes;
}

Result<std::string> FigureStream::receive_frame() {
  ISOJOULE_TRY(const std::string head, receive(kFigureFrameHead));
  std::uint64_t size = 0;
  std::memcpy(&size, head.data(), sizeof size);
  if (size > kFigureFrameLimit)
    return fail(ErrorKind::engine, "isojoule-figures said something that is no figure", "",
                program_);
  return receive(size);
}

Result<std::string> FigureStream::open(const std::string& options_json,
                                       const std::string& study_json) {
  if (study_json.size() > kFigureFrameLimit)
    return fail(ErrorKind::out_of_range, "the study's data is too long for figures",
                "Name fewer networks in a study, or leave traces out");
  ISOJOULE_CHECK(send_frame(options_json));
  ISOJOULE_CHECK(send_frame(study_json));
  return receive_frame();
}

Result<FigureParts> FigureStream::next() {
  FigureParts parts;
  for (std::string* part : {&parts.what, &parts.svg, &parts.csv, &parts.pdf}) {
    ISOJOULE_TRY(*part, receive_frame());
  }
  return parts;
}

}  // namespace isojoule
