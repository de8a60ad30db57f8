# Debian 12's libraries in place of Conan's own, in addition to a profile of the compiler. The versions serve the recipe's ranges.
[platform_requires]
onednn/2.6.3
onnx/1.12.0
protobuf/3.21.12
zlib/1.2.13
libjpeg-turbo/2.1.5
libpng/1.6.39
libexif/0.6.24
nlohmann_json/3.11.2
cli11/2.1.2
fmt/9.1.0
