// isojoule-figures: what `isojoule report --figures` runs. It touches no file: a study comes in by
// a socket, figures go out (app/figures/frame.h). So a fault of one of the large libraries that it
// links costs a figure, not the core.
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "app/figures/frame.h"
#include "app/figures/main/pdf.h"
#include "app/figures/main/script.h"

namespace isojoule::figures {
namespace {

using nlohmann::json;

void receive(char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(kFigureDescriptor, data, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw std::runtime_error("this program is started by `isojoule report --figures`");
    data += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::string receive_frame() {
  std::uint64_t size = 0;
  char head[kFigureFrameHead];
  receive(head, sizeof head);
  std::memcpy(&size, head, sizeof size);
  if (size > kFigureFrameLimit) throw std::runtime_error("a frame is too long");
  std::string frame(size, '\0');
  receive(frame.data(), frame.size());
  return frame;
}

void send(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(kFigureDescriptor, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw std::runtime_error("nobody takes the figures");
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void send_frame(const std::string& frame) {
  const std::uint64_t size = frame.size();
  char head[kFigureFrameHead];
  std::memcpy(head, &size, sizeof size);
  send(head, sizeof head);
  send(frame.data(), frame.size());
}

// A property's text, taken out of the object.
std::string taken(json& object, const char* key) {
  std::string text = std::move(object.at(key).get_ref<std::string&>());
  object.erase(key);
  return text;
}

void send_figure(PaperScript& script, unsigned number, const json& head) {
  json figure = json::parse(script.draw(number));
  std::string svg = taken(figure, "svg"), csv = taken(figure, "csv"), pdf;
  if (!svg.empty()) {
    PdfInfo info;
    info.width_mm = figure.at("width_mm");
    info.height_mm = figure.at("height_mm");
    info.title = figure.at("file_title");
    info.subject = figure.at("sentence");
    info.creator = head.at("generator");
    info.created = head.at("created");
    pdf = pdf_of_svg(svg, info);
  }
  send_frame(figure.dump());
  for (const auto& part : {svg, csv, pdf}) send_frame(part);
}

void serve() {
  const std::string options = receive_frame();
  PaperScript script;
  const std::string answer = script.open(receive_frame(), options);
  const json head = json::parse(answer);
  send_frame(answer);
  if (!head.contains("figures")) return;
  for (unsigned i = 0; i < head.at("figures").get<unsigned>(); ++i) send_figure(script, i, head);
}

}  // namespace
}  // namespace isojoule::figures

int main() {
  try {
    isojoule::figures::serve();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
