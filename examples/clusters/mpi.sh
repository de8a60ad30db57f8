#!/bin/sh
# Sixteen processes. mpirun ends them all where one fails: a picture that was skipped (exit code 4) is no failure here.
mpirun -n 16 sh -c 'whycam explain network.onnx photos --recursive --resume --threads 4 --output-dir maps || [ $? -eq 4 ]'
whycam report maps
