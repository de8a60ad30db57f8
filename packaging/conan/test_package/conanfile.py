import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class WhycamTest(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            network = os.path.join(self.source_folder, "network.onnx")  # as user.cpp: scripts/recipes.sh copies them here
            self.run(f'"{os.path.join(self.cpp.build.bindir, "user")}" "{network}"', env="conanrun")
