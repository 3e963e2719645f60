"""Time of a fresh interpreter: the import, and the way to the first result."""


class Import:
    version = "1"
    number = 1
    timeout = 60

    def timeraw_import_numpy(self):
        """What convcore cannot do without, for comparison."""
        return "import numpy"

    def timeraw_import_convcore(self):
        return "import convcore"

    def timeraw_scan(self):
        return "import convcore; convcore.backends()"

    def timeraw_first_convolution(self):
        return """
        import numpy, convcore
        convcore.conv(numpy.ones((1, 4, 8, 8)), numpy.ones((4, 4, 3, 3)))
        """
