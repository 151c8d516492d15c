"""The page: sets up searches, watches them and shows what came of them. It holds no state: it reads
run directories, and starts `snas` as processes of their own."""
