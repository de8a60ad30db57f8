// Ctrl-C: the run stops behind what is finished.
#pragma once

namespace whycam::cli {

/// From now on SIGINT and SIGTERM are noted; a second one ends the process at once.
void note_interrupts();

/// The number of the signal that came; 0: none.
int interrupted();

}  // namespace whycam::cli
