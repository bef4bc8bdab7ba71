module skein/bench

go 1.19
