//! Stories, laws and tidiness: promises to users, over real sockets.
