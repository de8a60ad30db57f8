"""whycam without libtorch, from a source archive that conandata.yml names (scripts/recipes.sh writes both)."""
import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get, rmdir

required_conan_version = ">=2.4"


class Whycam(ConanFile):
    name = "whycam"
    description = "Guided Grad-CAM in C++, for networks saved by torch.export or as ONNX"
    license = "BSD-3-Clause"
    topics = ("grad-cam", "explainability", "onnx", "pytorch")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "command": [True, False]}
    default_options = {"shared": True, "fPIC": True, "command": False}
    implements = ["auto_shared_fpic"]

    def set_version(self):
        self.version = self.version or next(iter(self.conan_data["sources"]))

    def layout(self):
        cmake_layout(self, src_folder="src")

    def requirements(self):
        self.requires("onednn/[>=2.6 <4]")
        self.requires("onnx/[>=1.12 <2]")
        self.requires("protobuf/[>=3.21]")
        self.requires("zlib/[>=1.2.11 <2]")
        self.requires("libjpeg-turbo/[>=2 <4]")
        self.requires("libpng/[>=1.6 <2]")
        self.requires("libexif/[>=0.6.24 <1]")
        self.requires("nlohmann_json/[>=3.11 <4]")
        if self.options.command:
            self.requires("cli11/[>=2.1 <3]")
            self.requires("fmt/[>=9]")

    def validate(self):
        check_min_cppstd(self, 17)

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["WHYCAM_TORCH"] = False
        toolchain.cache_variables["WHYCAM_BUILD_TESTS"] = False
        toolchain.cache_variables["WHYCAM_BUILD_COMMAND"] = bool(self.options.command)
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for folder in ["cmake", "pkgconfig"]:  # Conan writes its own
            rmdir(self, os.path.join(self.package_folder, "lib", folder))

    def package_info(self):
        self.cpp_info.libs = ["whycam"]
        if not self.options.shared:
            self.cpp_info.system_libs = ["m", "pthread"]
            self.cpp_info.exelinkflags = self.cpp_info.sharedlinkflags = ["-fopenmp"]
