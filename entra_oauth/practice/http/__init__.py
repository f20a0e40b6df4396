"""HTTP as the tenant sees it: the call, the responses, the refusals."""
