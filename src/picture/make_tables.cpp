// Writes tables.cpp: colour maps and letters as OpenCV draws them. A part of the build, not installed.
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "picture/tables.h"

namespace {

using namespace whycam::picture::tables;

constexpr double font_scale = 0.45;
constexpr cv::ColormapTypes maps[colour_map_count] = {cv::COLORMAP_JET,     cv::COLORMAP_TURBO, cv::COLORMAP_VIRIDIS,
                                                      cv::COLORMAP_INFERNO, cv::COLORMAP_MAGMA, cv::COLORMAP_PLASMA,
                                                      cv::COLORMAP_HOT,     cv::COLORMAP_BONE};

void write_colours(std::FILE* file) {
  cv::Mat levels(1, 256, CV_8UC1), colours;
  for (int i = 0; i < 256; ++i) levels.at<std::uint8_t>(i) = static_cast<std::uint8_t>(i);
  std::fprintf(file, "const std::uint8_t colours[colour_map_count][256][3] = {\n");
  for (const cv::ColormapTypes map : maps) {
    cv::applyColorMap(levels, colours, map);
    std::fprintf(file, "{");
    for (int i = 0; i < 256; ++i) {
      const auto& colour = colours.at<cv::Vec3b>(i);  // blue, green, red
      std::fprintf(file, "{%d,%d,%d},", colour[2], colour[1], colour[0]);
    }
    std::fprintf(file, "},\n");
  }
  std::fprintf(file, "};\n");
}

void write_glyphs(std::FILE* file) {
  constexpr int many = 1000;
  std::fprintf(file, "const Glyph glyphs[last_glyph - first_glyph + 1] = {\n");
  for (int letter = first_glyph; letter <= last_glyph; ++letter) {
    int baseline = 0;
    const cv::Size size = cv::getTextSize(std::string(many, static_cast<char>(letter)), cv::FONT_HERSHEY_SIMPLEX,
                                          font_scale, 1, &baseline);
    cv::Mat ink(glyph_height, glyph_width, CV_8UC1, cv::Scalar(0));
    cv::putText(ink, std::string(1, static_cast<char>(letter)), {glyph_origin, glyph_height - 6},
                cv::FONT_HERSHEY_SIMPLEX, font_scale, cv::Scalar(255), 1, cv::LINE_AA);
    std::fprintf(file, "{%d.0 / %d, {", size.width - 1, many);  // the line's own width counts once
    for (int row = 0; row < glyph_height; ++row) {
      std::fprintf(file, "{");
      for (int column = 0; column < glyph_width; ++column) std::fprintf(file, "%d,", ink.at<std::uint8_t>(row, column));
      std::fprintf(file, "},");
    }
    std::fprintf(file, "}},\n");
  }
  std::fprintf(file, "};\n");
}

}  // namespace

// usage: whycam_make_tables TABLES.cpp
int main(int argc, char** argv) {
  std::FILE* file = argc == 2 ? std::fopen(argv[1], "w") : nullptr;
  if (!file) return 1;
  std::fprintf(file, "#include \"picture/tables.h\"\n\nnamespace whycam::picture::tables {\n\n");
  write_colours(file);
  write_glyphs(file);
  std::fprintf(file, "\n}  // namespace whycam::picture::tables\n");
  return std::fclose(file) == 0 ? 0 : 1;
}
