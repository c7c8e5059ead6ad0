"""A station's laptop without the internet: takes in what tablets bring, and passes it on when there is a line. No PostgreSQL."""
