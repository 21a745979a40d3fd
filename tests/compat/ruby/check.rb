# Counting checks, for the programs beside it.
module Check
  @passed = 0
  @failed = 0

  class << self
    # A named group; what it raises is a failure.
    def test(name)
      yield
      @passed += 1
    rescue StandardError, ScriptError => e
      @failed += 1
      puts "#{name}: #{e.class}: #{e.message}", e.backtrace.reject { |line| line.include?('/gems') }.first(4)
    end

    def same(expected, actual)
      raise "expected #{expected.inspect}, got #{actual.inspect}" unless expected == actual
    end

    def fails(kind, pattern = //)
      yield
    rescue kind => e
      raise "unexpected message: #{e.message}" unless pattern.match?(e.message)
      e
    else
      raise "no #{kind}"
    end

    def finish
      puts "#{@passed} passed, #{@failed} failed, 0 skipped"
      exit @failed.zero?
    end
  end
end
