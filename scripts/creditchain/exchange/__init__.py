"""The exchange: a service over HTTP that members call. A face over the acts, as the command line is."""
