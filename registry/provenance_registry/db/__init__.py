"""The registry's database: the only package that imports SQLAlchemy."""
