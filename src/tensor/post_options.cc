#include <array>

#include "tensor/option_reader.h"
#include "tensor/post.h"

namespace isojoule {

std::string_view name_of(PostTask task) {
  constexpr std::array<std::string_view, 7> names = {
      "auto", "none", "classification", "detection", "yolo", "segmentation", "text"};
  return names[static_cast<std::size_t>(task)];
}

Result<PostOptions> take_post_options(std::map<std::string, std::string>& options) {
  PostOptions result;
  OptionReader reader(options, "post.");
  reader.read<PostTask>("task", result.task,
                        {{"auto", PostTask::automatic},
                         {"none", PostTask::none},
                         {"classification", PostTask::classification},
                         {"detection", PostTask::detection},
                         {"ssd", PostTask::detection},
                         {"yolo", PostTask::yolo},
                         {"segmentation", PostTask::segmentation},
                         {"text", PostTask::text}});
  reader.read("top", result.top, 1, 1000000);
  reader.read("score", result.score, 0, 1);
  reader.read("overlap", result.overlap, 0, 1);
  reader.read("most_boxes", result.most_boxes, 1, 1000000);
  reader.read("softmax", result.softmax);
  reader.read("background", result.background, -1, 1000000);
  reader.read("boxes", result.boxes);
  reader.read("scores", result.scores);
  reader.read<bool>("box_form", result.centre_boxes, {{"corners", false}, {"centre", true}});
  reader.read("anchors", result.anchors);
  reader.read("size", result.size, 1, 1000000);
  reader.read("scale_xy", result.scale_xy, 1, 2);
  if (result.anchors.size() % 2 != 0) reader.refuse("anchors", "pairs of width and height");
  ISOJOULE_CHECK(reader.finish());
  return result;
}

}  // namespace isojoule
